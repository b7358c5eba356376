"""Runs operations: the way of a text to an answer, over HTTP and over sockets alike."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from inspect import isawaitable
from types import CoroutineType
from typing import Any, TypeGuard

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute, subscribe

from core import clock
from core.errors import RequestErrorCode, RequestFault
from execution.answers import executor_within, outgrown
from execution.documents import Documents, InvalidDocument, Operation
from execution.limits import OperationLimits

_AWAITABLE = frozenset({CoroutineType, asyncio.Future, asyncio.Task})

Pace = Callable[[Any, float], Awaitable[None]]
"""`await pace(context, began)` before an answer leaves."""
ErrorFormat = Callable[[GraphQLError], dict[str, Any]]
AfterExecution = Callable[[Any, dict[str, Any]], None]


def is_awaitable(value: Any) -> TypeGuard[Awaitable[Any]]:
    """What our resolvers return is one of three types, or no awaitable: one look-up instead of graphql-core's four."""
    return type(value) in _AWAITABLE


class Engine:
    """One per process. `format_error` decides what leaves, `pace` when; `after(context, answer)` may add to it."""

    def __init__(  # noqa: PLR0917  the composition root gives each once
        self,
        schema: GraphQLSchema,
        limits: OperationLimits,
        timeout_seconds: float,
        format_error: ErrorFormat,
        after: AfterExecution,
        pace: Pace,
    ) -> None:
        self.schema = schema
        self._documents = Documents(schema, limits)
        self._executor = executor_within(limits.answer)
        self._timeout = timeout_seconds
        self._format_error = format_error
        self._after = after
        self._pace = pace

    async def run(self, text: str, variables: dict[str, Any] | None, name: str | None, context: Any) -> dict[str, Any]:
        """The answer of a query or a mutation, ready to be encoded."""
        try:
            operation = self._documents.operation(text, name, variables)
        except (InvalidDocument, RequestFault) as fault:
            return self._refused(fault)
        if operation.is_subscription:
            return self._refused(RequestFault(RequestErrorCode.BAD_REQUEST, "Subscriptions go over a WebSocket."))
        return await self._run(operation, variables, context)

    async def stream(
        self, text: str, variables: dict[str, Any] | None, name: str | None, context: Any
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The answers of any operation: one, or as many as the subscription has events."""
        try:
            operation = self._documents.operation(text, name, variables)
        except (InvalidDocument, RequestFault) as fault:
            yield self._refused(fault)
            return
        if not operation.is_subscription:
            yield await self._run(operation, variables, context)
            return
        source = subscribe(
            self.schema,
            operation.document,
            context_value=context,
            variable_values=variables,
            operation_name=operation.node.name.value if operation.node.name else None,
            executor_class=self._executor,
        )
        events = await source if isawaitable(source) else source
        if isinstance(events, ExecutionResult):
            yield self._answer(events, context)
            return
        try:
            async for event in events:
                yield self._answer(event, context)
        except Exception as fault:  # noqa: BLE001  whatever ends the stream is told as any other error
            yield self._refused(fault)
        finally:
            await events.aclose()  # type: ignore[attr-defined]

    async def _run(self, operation: Operation, variables: dict[str, Any] | None, context: Any) -> dict[str, Any]:
        began = clock.monotonic()
        answer = await self._answer_of(operation, variables, context)
        await self._pace(context, began)
        return answer

    async def _answer_of(self, operation: Operation, variables: dict[str, Any] | None, context: Any) -> dict[str, Any]:
        result = execute(
            self.schema,
            operation.document,
            context_value=context,
            variable_values=variables,
            operation_name=operation.node.name.value if operation.node.name else None,
            executor_class=self._executor,
            is_awaitable=is_awaitable,
        )
        if isawaitable(result):
            try:
                async with asyncio.timeout(self._timeout):
                    result = await result
            except TimeoutError:
                fault = RequestFault(RequestErrorCode.LIMIT_EXCEEDED, f"It took longer than {self._timeout} seconds.")
                return self._refused(fault)
        return self._answer(result, context)

    def _answer(self, result: ExecutionResult, context: Any) -> dict[str, Any]:
        if fault := outgrown(result):
            return self._refused(fault)
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = [self._format_error(error) for error in result.errors]
        self._after(context, answer)
        return answer

    def _refused(self, fault: Exception) -> dict[str, Any]:
        errors = (
            fault.errors if isinstance(fault, InvalidDocument) else [GraphQLError(str(fault), original_error=fault)]
        )
        return {"errors": [self._format_error(error) for error in errors]}
