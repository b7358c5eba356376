"""Jobs that compute on films: minutes each, one at a time."""

from functools import partial

from media.film.runner import FilmRunner
from services.consequences import Family
from services.uploads.filming import process_film
from workers.family import JobFamily

RUNNER = FilmRunner()

FILM = JobFamily(
    Family.FILM,
    timeout_seconds=900,
    concurrency=1,
    functions={
        "process_film": partial(process_film, RUNNER),
    },
    resources=(RUNNER,),
    computes=True,
)
