"""Pictures that were deleted by hand are found, made anew by a real worker, and served at the URLs that are out."""

import asyncio
from functools import partial

import httpx
from sqlalchemy import text

from core.embedded.stack import Stack
from media.film.runner import FilmRunner
from media.runner import ImageRunner
from media.signing import CachePolicy, Grant
from models.global_ids import NodeKind, encode
from models.ids import SHARD_MASK, SHARD_SHIFT
from services.backend import Backend
from services.uploads.filming import process_film
from services.uploads.processing import process_upload
from services.uploads.rows import keys_of
from services.visible import MediaLinks
from tests.commands.cli import cli
from tests.factories import make_user
from tests.filming import small_film
from tests.pictures import small_photo
from tests.serving import api_server
from tests.uploading import Uploader, row_of, run_job
from tests.workers.town import clear_outbox, fleet_of

DELETED = 20


async def forget_uploads(backend: Backend) -> None:
    """Those of other tests, of which not all has its objects."""
    for shard in range(backend.shards.logical_shards):
        async with backend.transaction(shard) as transaction:
            of_shard = text(
                f"UPDATE uploads SET status = 'CANCELLED' WHERE (id >> {SHARD_SHIFT}) & {SHARD_MASK} = :shard"
            )
            await transaction.session.execute(of_shard, {"shard": shard})


async def test_twenty_that_were_deleted_by_hand_are_back_at_the_same_urls(
    own_stack: Stack, own_backend: Backend
) -> None:
    settings, backend = own_stack.settings, own_backend
    await forget_uploads(backend)
    owner = Uploader(backend, (await make_user(backend)).id)
    ids = [(await owner.finish(small_photo())).id for _ in range(3)]
    async with ImageRunner() as photos:
        for number in ids:
            await run_job(backend, number, "process_upload", partial(process_upload, photos))
    ids.append(await owner.film(small_film()))
    async with FilmRunner() as films:
        await run_job(backend, ids[-1], "process_film", partial(process_film, films))
    await clear_outbox(backend)
    keys = [key for number in ids for key in keys_of((await row_of(backend, number))["result"])]
    gone = keys[:: len(keys) // DELETED][:DELETED]
    assert len(gone) == DELETED
    async with api_server(settings) as server, httpx.AsyncClient(timeout=30) as client:
        links, grant = MediaLinks(backend.signer, server), Grant(owner.id, 0, CachePolicy.PUBLIC)
        urls = {key: links.url(key, grant) for key in keys}
        before = {key: (await client.get(url)).content for key, url in urls.items()}
        assert min(map(len, before.values())) > 50
        await backend.storage.delete(gone)
        assert {(await client.get(urls[key])).status_code for key in gone} == {404}
        found = await cli(settings, "media", "missing")
        assert found.returncode == 1, found.stderr
        *lines, last = found.stdout.splitlines()
        listed = {line.split()[0]: line.partition("lacks ")[2].split() for line in lines}
        assert listed == {
            encode(NodeKind.UPLOAD, number): sorted(key.rpartition("/")[2] for key in gone if key in mine)
            for number in ids
            if (mine := set(keys_of((await row_of(backend, number))["result"]))).intersection(gone)
        }
        assert last.endswith(f"; of them lack something: {len(lines)}.")
        async with fleet_of(own_stack) as fleet:
            await fleet.start_relay()
            await fleet.start("worker", "workers.run", "media")
            async with asyncio.timeout(90):
                repaired = await cli(settings, "media", "reprocess", "--missing", "--wait")
        assert (repaired.returncode, repaired.stdout.splitlines()) == (
            0,
            [f"{len(lines)} are to be made anew.", f"Done: {len(lines)}; given up: 0; still lack something: 0."],
        ), repaired.stderr
        assert {key: (await client.get(url)).content for key, url in urls.items()} == before
    found = await cli(settings, "media", "missing")
    assert (found.returncode, found.stdout.partition("; ")[2]) == (0, "of them lack something: 0.\n")
