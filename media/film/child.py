"""The sandbox in which films are looked at, as its worker sees it."""

import asyncio

from media.child import Child
from media.errors import MediaProcessingFailed, MediaRejected, RejectionReason
from media.film.protocol import FILM_REPLY, TASK, FilmReply, FilmTask
from media.film.refusals import film_damaged, film_too_complex


class FilmChild(Child):
    """One sandbox for films: looks at headers and makes posters; it decodes no film."""

    _PROGRAM = "media.film.sandbox"

    async def ask(self, task: FilmTask, wall_seconds: float) -> FilmReply:
        """Raises MediaRejected for the film's faults, MediaProcessingFailed for ours."""
        self.jobs += 1
        try:
            async with asyncio.timeout(wall_seconds):
                reply = await self._answer(task)
        except TimeoutError as error:
            raise MediaProcessingFailed(f"no answer within {wall_seconds} s") from error
        except MediaRejected as rejected:  # it died of it, and the sentence is about a picture
            is_work = rejected.reason is RejectionReason.TOO_COMPLEX
            raise (film_too_complex() if is_work else film_damaged()) from rejected
        if reply.rejection is not None:
            raise MediaRejected(reply.rejection, reply.message)
        if reply.failure is not None:
            raise MediaProcessingFailed(reply.failure)
        return reply

    async def _answer(self, task: FilmTask) -> FilmReply:
        await self._send_line(TASK.dump_json(task))
        return FILM_REPLY.validate_json(await self._read_line())
