"""The process in which films of strangers are looked at: `python -m media.film.sandbox PARENT MEMORY_BYTES`.

As `media.sandbox` it has no secrets, limits, and dies with its parent; besides it has no network where that can be had.
"""

import importlib
import os
import sys
import traceback

from core.niceness import keep_giving_way
from media.confine import harden, leave_network
from media.errors import MediaRejected
from media.film.protocol import FILM_REPLY, TASK, FilmReply, FilmTask
from media.film.refusals import film_too_complex
from media.sandbox import LARGEST_OUTPUT, allow_cpu


def main() -> None:
    keep_giving_way()
    leave_network()
    harden(int(sys.argv[1]), int(sys.argv[2]), LARGEST_OUTPUT)
    # Nothing that a library prints may end up between two replies.
    with os.fdopen(os.dup(1), "wb", buffering=0) as replies:
        os.dup2(2, 1)
        for module in ("media.film.probe", "media.film.poster"):
            importlib.import_module(module)
        replies.write(FILM_REPLY.dump_json(FilmReply()) + b"\n")
        for line in sys.stdin.buffer:
            replies.write(FILM_REPLY.dump_json(work(TASK.validate_json(line))) + b"\n")


def work(task: FilmTask) -> FilmReply:
    from media.film.poster import make_poster
    from media.film.probe import probe_film

    allow_cpu(task.cpu_seconds)
    try:
        if task.limits is not None:
            return FilmReply(probed=probe_film(task.source, task.limits, task.declared_type))
        return FilmReply(poster=make_poster(task.source, task.out_dir or task.source.parent))
    except MediaRejected as rejected:
        return FilmReply(rejection=rejected.reason, message=rejected.message)
    except MemoryError:
        refusal = film_too_complex()
        return FilmReply(rejection=refusal.reason, message=refusal.message)
    except Exception:  # noqa: BLE001  whatever it is, the worker has to hear of it
        return FilmReply(failure=traceback.format_exc())


if __name__ == "__main__":
    main()
