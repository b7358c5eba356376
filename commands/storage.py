"""`cli.py storage`: how the bucket is set."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.embedded.faults import StartupError
from core.embedded.stack import attached
from core.settings import Settings
from media.bucket import ColdClass, Line, Wanted, configure, shown
from media.errors import StorageUnavailable
from media.storage import ObjectStorage

app = typer.Typer(help="The bucket: uploads from browsers, encryption, what expires by itself.", no_args_is_help=True)


@app.command("configure")
def configure_bucket(
    *,
    unfinished_days: Annotated[int, typer.Option(min=1, max=365, help="Parts of unfinished uploads go then.")] = 2,
    exports_days: Annotated[int, typer.Option(min=1, max=365, help="What lies under exports/ goes then.")] = 7,
    cold_after_days: Annotated[
        int | None, typer.Option(min=30, max=3650, help="Originals move to colder storage then; never if not given.")
    ] = None,
    cold_class: Annotated[ColdClass, typer.Option(help="The storage's name for that.")] = ColdClass.GLACIER_IR,
) -> None:
    """Make the bucket where it is missing, and set it as the settings and these options say. May be done again."""
    settings = attached(Settings())
    wanted = Wanted(
        settings.upload_origins, settings.s3_encryption, unfinished_days, exports_days, cold_after_days, cold_class
    )
    _print(settings, asyncio.run(configured(settings, wanted)))


@app.command("show")
def show_bucket() -> None:
    """Show how the bucket is set."""
    settings = attached(Settings())
    _print(settings, asyncio.run(_shown(settings)))


async def configured(settings: Settings, wanted: Wanted) -> list[Line]:
    storage = ObjectStorage(settings)
    try:
        await storage.ensure_bucket()
        return await storage.administer(lambda client, bucket: configure(client, bucket, wanted))
    except StorageUnavailable as fault:
        raise StartupError(f"The storage does not answer, or refuses: {fault}") from fault
    finally:
        await storage.close()


async def _shown(settings: Settings) -> list[Line]:
    storage = ObjectStorage(settings)
    try:
        await storage.check()
        return await storage.administer(shown)
    except StorageUnavailable as fault:
        raise StartupError(f"The storage does not answer, or refuses: {fault}") from fault
    finally:
        await storage.close()


def _print(settings: Settings, lines: list[Line]) -> None:
    table = Table("What", "How", title=f"Bucket {settings.s3_bucket} at {settings.s3_endpoint}")
    for line in lines:
        table.add_row(line.subject, line.said, style=None if line.is_good else "red")
    Console().print(table)
