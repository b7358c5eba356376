"""How large an answer may become: lists without a page size, each within the other, hold more than the cost tells."""

from typing import Any

from graphql import ExecutionResult, Executor, GraphQLError

from core.errors import RequestErrorCode, RequestFault


class AnswerTooLarge(RequestFault):
    """An answer has more fields than `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__(RequestErrorCode.LIMIT_EXCEEDED, f"The answer has too many fields; the limit is {limit}.")


def executor_within(limit: int) -> type[Executor[Any]]:
    """An executor that begins on no object with which there are more than `limit` fields; see `outgrown`."""

    class _Executor(Executor[Any]):
        fields = 0

        def execute_fields(self, parent_type: Any, source: Any, path: Any, grouped: Any, position: Any) -> Any:
            self.fields += len(grouped)
            if self.fields > limit:
                return {}  # thousands wait to begin: an error for each would take longer than what they were to do
            return super().execute_fields(parent_type, source, path, grouped, position)

        def build_response(self, data: Any) -> Any:
            if self.fields > limit:
                fault = AnswerTooLarge(limit)
                return ExecutionResult(None, [GraphQLError(str(fault), original_error=fault)])
            return super().build_response(data)

        def build_per_event_executor(self, payload: Any) -> Executor[Any]:
            executor: Executor[Any] = super().build_per_event_executor(payload)
            executor.fields = 0  # type: ignore[attr-defined]
            return executor

    return _Executor


def outgrown(result: ExecutionResult) -> AnswerTooLarge | None:
    """Why there is no answer, where it became too large."""
    fault = result.errors[0].original_error if result.errors else None
    return fault if isinstance(fault, AnswerTooLarge) else None
