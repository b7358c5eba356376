"""The viewer's own uploads."""

from collections.abc import Sequence

from loaders.context import Context
from services.pages import Page
from services.uploads.parts import PartRow, parts_of
from services.uploads.reading import own_uploads, page_of_uploads
from services.uploads.rows import UploadRow
from services.viewer import ViewerIdentity


async def uploads_by_id(context: Context, upload_ids: Sequence[int]) -> dict[int, UploadRow]:
    """Those of the uploads that are the viewer's."""
    if context.viewer is None:
        return {}
    return await own_uploads(context.reader, context.links, context.backend.storage, context.viewer_id, upload_ids)


async def load_parts(context: Context, rows: Sequence[UploadRow]) -> list[list[PartRow]]:
    return await parts_of(context.backend.storage, rows)


async def load_uploads(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[UploadRow]]:
    storage = context.backend.storage
    return [
        await page_of_uploads(context.reader, context.links, storage, row.id, first=first, after=after) for row in rows
    ]
