"""Pictures judged beside the event loop, in one warm process that is started for the first of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from media.child import Child
from media.errors import MediaProcessingFailed, MediaRejected
from media.judging.protocol import ANSWER, QUESTION, Answer, Question, Seen


@dataclass(frozen=True, slots=True)
class ExaminerLimits:
    """What the process may have: address space, CPU and wall-clock seconds per question, questions in its life."""

    memory_bytes: int = 1024 * 2**20
    cpu_seconds: int = 30
    wall_seconds: float = 60
    questions: int = 2_000


class Examiner:
    """One question at a time: a picture waits for the one before it. A process that dies is replaced for the next.

    Use as `async with Examiner() as examiner`, or call `close` at the end.
    """

    def __init__(self, limits: ExaminerLimits | None = None) -> None:
        self._limits = limits or ExaminerLimits()
        self._free = asyncio.Lock()
        self._child: _Child | None = None

    async def close(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def look(self, pictures: Sequence[Path], *, is_scored: bool) -> list[Seen]:
        """What is to be known of these JPEG files to judge them. Raises MediaProcessingFailed."""
        return await self._ask(pictures, is_scored=is_scored, is_removed=False)

    async def remember(self, pictures: Sequence[Path]) -> list[Seen]:
        """The hashes by which each of these may be known again. Raises MediaProcessingFailed."""
        return await self._ask(pictures, is_scored=False, is_removed=True)

    async def _ask(self, pictures: Sequence[Path], *, is_scored: bool, is_removed: bool) -> list[Seen]:
        absolute = [picture.absolute() for picture in pictures]  # the process has another working directory
        question = Question(absolute, self._limits.cpu_seconds, is_scored, is_removed)
        async with self._free:
            child = await self._take()
            try:
                answer = await child.ask(question, self._limits.wall_seconds)
            except BaseException:
                # Whatever it was doing, nobody waits for it any more.
                await asyncio.shield(child.kill())
                raise
            self._child = child
        if answer.failure is not None:
            raise MediaProcessingFailed(answer.failure)
        return answer.seen

    async def _take(self) -> "_Child":
        child, self._child = self._child, None
        if child is not None and (not child.is_alive or child.jobs >= self._limits.questions):
            await child.kill()
            child = None
        return child or await _Child.start(self._limits.memory_bytes)


class _Child(Child):
    _PROGRAM = "media.judging.sandbox"

    async def ask(self, question: Question, wall_seconds: float) -> Answer:
        """Raises MediaProcessingFailed: what it opens is ours, so however it dies, no upload is at fault."""
        self.jobs += 1
        try:
            async with asyncio.timeout(wall_seconds):
                await self._send_line(QUESTION.dump_json(question))
                return ANSWER.validate_json(await self._read_line())
        except TimeoutError as error:
            raise MediaProcessingFailed(f"no answer within {wall_seconds} s") from error
        except MediaRejected as died:
            raise MediaProcessingFailed(f"the process that judges died: {died.reason}") from died
