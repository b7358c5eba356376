"""When an answer that found nothing leaves.

What may not be seen takes the store a little longer than what is not there: rows are read before they are hidden. So
that nobody can measure which it was, such an answer leaves at a multiple of one step after its request came, and by a
random part of a step later, which covers what the clock's own steps would tell. What asks for more at once takes longer
steps: each hidden thing adds to the time, and together they would pass over a short one.
"""

import asyncio
import math
import secrets

from core import clock
from loaders.context import Context

_RANDOM_PARTS = 1 << 20


async def even_out(context: Context, began: float) -> None:
    """Waits, if something that was asked for by its id or name was not there for the viewer. `began` is of
    `clock.monotonic`; the step is the setting `miss_step_seconds` for each of those, 0 for no waiting."""
    step = context.backend.settings.miss_step_seconds * context.misses
    if step == 0:
        return
    later = secrets.randbelow(_RANDOM_PARTS) / _RANDOM_PARTS
    leaves = began + step * (math.ceil((clock.monotonic() - began) / step) + later)
    await asyncio.sleep(leaves - clock.monotonic())
