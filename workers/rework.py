"""Jobs that make again what was made before: nobody waits for them, so they come after all others."""

from services.consequences import Family
from workers.family import JobFamily

REWORK = JobFamily(Family.REWORK, timeout_seconds=900, concurrency=1, functions={})
