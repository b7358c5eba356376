"""What the viewer reported."""

from collections.abc import Sequence
from typing import Any

from loaders.context import Context
from loaders.reach import in_reach
from loaders.subjects import subjects_by_id
from services.visibility import visible_reports
from services.visible import VisibleReport


async def reports_by_id(context: Context, report_ids: Sequence[int]) -> dict[int, VisibleReport]:
    """Those of the reports that the viewer made."""
    if context.viewer is None:
        return {}
    return await visible_reports(context.reader, context.viewer_id, report_ids)


async def load_report_subject(context: Context, rows: Sequence[VisibleReport]) -> list[Any]:
    """None for what is gone or may not be seen any more."""
    found = await subjects_by_id(context, [(row.subject_kind, row.subject_id) for row in rows])
    by_number = {number: one for (_, number), one in found.items() if number is not None}
    return in_reach(context, [row.subject_id for row in rows], by_number)
