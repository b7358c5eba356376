"""Jobs that compute on pictures: few at a time, since each fills a core."""

from functools import partial

from media.runner import ImageRunner
from services.consequences import Family
from services.moderation.remembering import remember_removed
from services.uploads.processing import process_upload
from workers.family import JobFamily

AT_ONCE = 2
RUNNER = ImageRunner(AT_ONCE)

MEDIA = JobFamily(
    Family.MEDIA,
    timeout_seconds=60,
    concurrency=AT_ONCE,
    functions={
        "process_upload": partial(process_upload, RUNNER),
        "remember_removed": remember_removed,
    },
    resources=(RUNNER,),
    computes=True,
)
