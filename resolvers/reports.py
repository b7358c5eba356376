"""Telling the moderators."""

from typing import Annotated, Any

import strawberry

from loaders.context import Context
from loaders.report import reports_by_id
from models.global_ids import decode
from resolvers.mutations import change, mutation
from schema.report import ReportInput, ReportPayload
from services.moderation.reports import NewReport, report

Info = strawberry.Info[Context, None]


@strawberry.type
class ReportsMutation:
    @mutation(description="Tells the moderators of what is wrong. Whose it is does not learn of it.")
    async def report(
        self, info: Info, input: Annotated[ReportInput, strawberry.argument(description="What to report.")]
    ) -> ReportPayload | None:
        return await change(info, ReportPayload, lambda context: _report(context, input))


async def _report(context: Context, given: ReportInput) -> dict[str, Any]:
    reporter_id = context.signed_in().id
    kind, subject_id = decode(given.subject_id)
    wanted = NewReport(kind, subject_id, given.reason, given.details, given.idempotency_key)
    report_id = await report(context.backend, context.links, reporter_id, wanted)
    return {"report": (await reports_by_id(context, [report_id])).get(report_id)}
