"""What leaves of an error. What only an operator should know stays in the log, under the correlation id."""

from typing import Any

import structlog
from graphql import GraphQLError

from core.errors import RequestErrorCode, RequestFault
from models.statements import counted

log = structlog.get_logger()


def format_error(error: GraphQLError) -> dict[str, Any]:
    """A typed refusal by its code and sentence; a text's own mistakes as BAD_REQUEST; anything else as INTERNAL."""
    formatted: dict[str, Any] = {"message": error.message}
    if error.locations:
        formatted["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        formatted["path"] = error.path
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if cause is None:
        code = RequestErrorCode.BAD_REQUEST
    elif isinstance(cause, RequestFault):
        code = cause.code
    else:
        code = RequestErrorCode.INTERNAL
        correlation_id = structlog.contextvars.get_contextvars().get("correlation_id", "")
        log.error("internal_error", path=error.path, exc_info=cause)
        formatted["message"] = f"Internal error; its id is {correlation_id}."
    formatted["extensions"] = {"code": code.value}
    return formatted


def refusal(fault: RequestFault) -> dict[str, Any]:
    """The answer to a request that is refused before it is looked at."""
    return {"errors": [{"message": fault.message, "extensions": {"code": fault.code.value}}]}


def complete_answer(context: Any, answer: dict[str, Any]) -> None:
    """Says so where a node did not answer and its part is missing from lists, and how many statements it took."""
    if context.reader.unavailable and not any(
        error["extensions"]["code"] == RequestErrorCode.SHARD_UNAVAILABLE for error in answer.get("errors", ())
    ):
        answer.setdefault("errors", []).append(
            {
                "message": "Part of the data is out of reach at the moment, and left out.",
                "extensions": {"code": RequestErrorCode.SHARD_UNAVAILABLE.value},
            }
        )
    if (count := counted.get()) is not None:
        answer["extensions"] = {"sql": {"reads": count.reads, "writes": count.writes}}
