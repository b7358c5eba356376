"""Jobs that compute on films: minutes each, one at a time."""

from services.consequences import Family
from workers.family import JobFamily

FILM = JobFamily(Family.FILM, timeout_seconds=900, concurrency=1, functions={})
