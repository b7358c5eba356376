"""libvips, closed to everything but the formats that we take and let it read. Import pyvips from here only."""

import pyvips

__all__ = ["UNBOUNDED", "pyvips"]

UNBOUNDED = 10_000_000
"""A height that never binds, for operations that fit a picture into a box."""

# A picture is worked on once, so a cache of operations would only hold memory.
pyvips.cache_set_max(0)
pyvips.operation_block_set("VipsForeignLoad", True)
for _loader in ("Jpeg", "Png", "Webp", "Nsgif"):
    pyvips.operation_block_set(f"VipsForeignLoad{_loader}", False)
pyvips.block_untrusted_set(True)
