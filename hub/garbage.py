"""Which objects the search for garbage passes by: those that a process loads once and needs as long as it lives.

They are most of all objects. A search through them finds nothing, and took half of the time of a large plan.
"""

import gc

YOUNG, MIDDLE, OLD = 20_000, 10, 10  # new objects after which the youngest are searched; how often before the older


def spare_what_is_loaded() -> None:
    """Leave all that is here now out of later searches, and search less often. Call it when all is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
