"""The process in which pictures are judged: `python -m media.judging.sandbox PARENT MEMORY_BYTES`.

As `media.sandbox` it has no secrets, limits, and dies with its parent; besides it has no network where that can be had.
What it opens was made by us. The model is loaded for the first picture that is scored.
"""

import os
import sys
import traceback
from functools import lru_cache
from typing import TYPE_CHECKING

from core.niceness import keep_giving_way
from media.confine import harden, leave_network
from media.judging.protocol import ANSWER, QUESTION, Answer, Question, Seen
from media.sandbox import LARGEST_OUTPUT, allow_cpu

if TYPE_CHECKING:
    from media.judging.nudity import Scorer


def main() -> None:
    keep_giving_way()
    leave_network()
    harden(int(sys.argv[1]), int(sys.argv[2]), LARGEST_OUTPUT)
    # Nothing that a library prints may end up between two answers.
    with os.fdopen(os.dup(1), "wb", buffering=0) as answers:
        os.dup2(2, 1)
        answers.write(ANSWER.dump_json(Answer()) + b"\n")
        for line in sys.stdin.buffer:
            answers.write(ANSWER.dump_json(answer(QUESTION.validate_json(line))) + b"\n")


def answer(question: Question) -> Answer:
    from media.judging.phash import hashes_to_ask, hashes_to_keep

    allow_cpu(question.cpu_seconds)
    try:
        hashed = [(hashes_to_keep if question.is_removed else hashes_to_ask)(one) for one in question.pictures]
        scores: list[float | None] = [None] * len(hashed)
        if question.is_scored:
            scores = [*scorer().score(question.pictures)]
    except Exception:  # noqa: BLE001  whatever it is, the worker has to hear of it
        return Answer(failure=traceback.format_exc())
    return Answer(
        [
            Seen([one.hex() for one in hashes], quality, score)
            for (hashes, quality), score in zip(hashed, scores, strict=True)
        ]
    )


@lru_cache(maxsize=1)
def scorer() -> "Scorer":
    """To have another one judge, make it here."""
    from media.judging.nudity import OpenNsfw

    return OpenNsfw()


if __name__ == "__main__":
    main()
