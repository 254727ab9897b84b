"""Which work this process is draining, so that no two of its threads drain the same."""

import threading


class Drains:
    """The names of what is being drained here. A name that comes twice is worked on once; the sweep repeats it."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._lock = threading.Lock()
        self._busy: set[tuple[object, ...]] = set()

    def enter(self, name: tuple[object, ...]) -> bool:
        """Return whether the caller may drain this; if so it must leave."""
        with self._lock:
            if name in self._busy:
                return False
            self._busy.add(name)
            return True

    def leave(self, name: tuple[object, ...]) -> None:
        """Say that the draining is over."""
        with self._lock:
            self._busy.discard(name)
