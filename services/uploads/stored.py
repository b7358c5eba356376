"""What lies in storage of a rendition."""

from media.keys import served_key
from services.backend import Backend

AT_ONCE = 1_000


async def stored_sizes(backend: Backend, rendition: str) -> dict[str, int]:
    """The objects of a rendition: bytes by name. Raises StorageUnavailable."""
    prefix, after = served_key(rendition, ""), ""
    sizes: dict[str, int] = {}
    while True:
        found = await backend.storage.page(prefix, after, AT_ONCE)
        sizes |= {one.key.removeprefix(prefix): one.size for one in found}
        if len(found) < AT_ONCE:
            return sizes
        after = found[-1].key
