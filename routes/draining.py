"""Which work this process is draining, so that no more of its threads than are of use drain the same."""

import threading
from collections import Counter


class Drains:
    """The names of what is being drained here. A name that comes too often is let go; the sweep repeats it."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._lock = threading.Lock()
        self._busy: Counter[tuple[object, ...]] = Counter()

    def enter(self, name: tuple[object, ...], *, places: int = 1) -> bool:
        """Return whether the caller may drain this beside others, `places` in all; if so it must leave."""
        with self._lock:
            if self._busy[name] >= places:
                return False
            self._busy[name] += 1
            return True

    def leave(self, name: tuple[object, ...]) -> None:
        """Say that the draining is over."""
        with self._lock:
            self._busy[name] -= 1
            if not self._busy[name]:
                del self._busy[name]
