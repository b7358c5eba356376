"""Having a network of caches fetch the pictures (and posters) of a new post before anybody asks for them."""

import structlog

from media.errors import CdnUnavailable
from services.backend import Backend
from services.marks import NOBODY
from services.visibility import visible_posts
from services.visible import MediaLinks, still_of

_log = structlog.get_logger(__name__)


async def warm_post(backend: Backend, post_id: int) -> None:
    """Of a post that anybody may see, where there is a network and the settings say so. It is a favour: where it fails,
    the first viewer waits a little longer."""
    if backend.cdn is None or not backend.settings.cdn_warm:
        return
    links = MediaLinks(backend.signer, backend.settings.media_base_url)
    posts = await visible_posts(backend.reader(), links, NOBODY, [post_id])
    urls = [variant.url for post in posts.values() for media in post.media for variant in still_of(media).variants]
    try:
        await backend.cdn.warm(urls)
    except CdnUnavailable as fault:
        _log.warning("cdn.not_warmed", post_id=post_id, fault=str(fault))
