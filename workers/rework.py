"""Jobs that make pictures and films anew: one at a time, by processes that let all others go first."""

from functools import partial

from media.film.ffmpeg import FfmpegLimits
from media.film.runner import FilmRunner, FilmSandboxLimits
from media.ondemand import OnDemand
from media.runner import ImageRunner, SandboxLimits
from services.consequences import Family
from services.uploads.reworking import Runners, rework_upload
from workers.family import JobFamily

NICENESS = 19
# Who lets others go first may have to wait for long.
PATIENCE = 600.0

PHOTOS = OnDemand(lambda: ImageRunner(1, SandboxLimits(wall_seconds=PATIENCE, niceness=NICENESS)))
FILMS = OnDemand(
    lambda: FilmRunner(
        FilmSandboxLimits(
            wall_seconds=PATIENCE, niceness=NICENESS, ffmpeg=FfmpegLimits(wall_seconds=1_740, niceness=NICENESS)
        )
    )
)

REWORK = JobFamily(
    Family.REWORK,
    timeout_seconds=1_800,
    concurrency=1,
    functions={
        "rework_upload": partial(rework_upload, Runners(PHOTOS, FILMS)),
    },
    resources=(PHOTOS, FILMS),
    computes=True,
)
