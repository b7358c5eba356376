"""Jobs that touch a row for each of many people, in steps."""

from services.consequences import Family
from workers.family import JobFamily

FANOUT = JobFamily(Family.FANOUT, timeout_seconds=20, concurrency=8, functions={})
