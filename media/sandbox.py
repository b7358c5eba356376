"""The process in which files of strangers are opened: `python -m media.sandbox PARENT MEMORY_BYTES`.

It has no secrets in its environment, a ceiling on memory and on CPU time, and dies with its parent. Jobs come as
lines on its standard input, replies go out as lines on its standard output.
"""

import importlib
import os
import resource
import sys
import traceback
from typing import IO

from core.niceness import keep_giving_way
from media.confine import harden
from media.errors import IsAnimated, MediaRejected, too_complex
from media.protocol import JOB, REPLY, Job, Reply

LARGEST_OUTPUT = 64 * 2**20


def main() -> None:
    keep_giving_way()
    harden(int(sys.argv[1]), int(sys.argv[2]), LARGEST_OUTPUT)
    # Nothing that a library prints may end up between two replies.
    with os.fdopen(os.dup(1), "wb", buffering=0) as replies:
        os.dup2(2, 1)
        # libvips is loaded under the limits, and before the first job is waited for.
        importlib.import_module("media.images")
        send(replies, Reply())
        for line in sys.stdin.buffer:
            work(JOB.validate_json(line), replies)


def work(job: Job, replies: IO[bytes]) -> None:
    from media.images import render
    from media.probe import probe

    allow_cpu(job.cpu_seconds)
    try:
        probed = probe(job.source, job.limits, job.declared_type, first_frame=job.first_frame)
        rendered = render(
            job.source, job.out_dir, probed, job.recipe, on_progress=lambda share: send(replies, Reply(progress=share))
        )
    except MediaRejected as rejected:
        send(replies, rejection_of(rejected))
    except IsAnimated:
        send(replies, Reply(is_animated=True))
    except MemoryError:
        send(replies, rejection_of(too_complex()))
    except Exception:  # noqa: BLE001  whatever it is, the worker has to hear of it
        send(replies, Reply(failure=traceback.format_exc()))
    else:
        send(replies, Reply(rendered=rendered))


def rejection_of(rejected: MediaRejected) -> Reply:
    return Reply(rejection=rejected.reason, message=rejected.message)


def allow_cpu(seconds: int) -> None:
    """Let this process use so much CPU time from now on; SIGXCPU ends it where that is not enough."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + 1 + seconds, hard))


def send(replies: IO[bytes], reply: Reply) -> None:
    replies.write(REPLY.dump_json(reply) + b"\n")


if __name__ == "__main__":
    main()
