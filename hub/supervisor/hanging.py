"""Finds programs that hang: they run, and their sign of life has not been renewed for minutes.

Time is this process's own, from when it saw a sign change: a clock that is set, or a machine that slept, makes nobody
hang. Only who has given a sign since it was started is expected to give more.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hub import signs
from hub.supervisor.child import Child

HUNG_SECONDS = 300.0  # without a sign, after which a program is started anew
LOOK_SECONDS = 5.0
SLEPT_SECONDS = 60.0  # between two looks, after which this process itself stood still, and the others with it


@dataclass
class _Seen:
    pid: int
    sign: int | None  # when the file was touched, as the file system tells; None: there was none
    since: float | None  # monotonic time when the sign was seen to change; None: not yet since the program began


class Hanging:
    """Watches the signs of the programs that the supervisor has started."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._seen: dict[str, _Seen] = {}
        self._looked = 0.0

    def find(self, children: Iterable[Child], broker_answers: Callable[[], bool]) -> Iterator[Child]:
        """Yield each program that hangs, looking every few seconds only.

        A worker without its broker gives no signs and does not hang: then everybody is given the whole time again.
        """
        now = time.monotonic()
        slept, self._looked = now - self._looked, now if now - self._looked >= LOOK_SECONDS else self._looked
        if slept < LOOK_SECONDS:
            return
        if slept > SLEPT_SECONDS:
            self._begin_again(now)
        late = [child for child in children if child.running and self._silent(child, now) > HUNG_SECONDS]
        if late and not broker_answers():
            self._begin_again(now)
            return
        yield from late

    def _silent(self, child: Child, now: float) -> float:
        pid, sign = child.process.pid if child.process else 0, self._sign(child.name)
        seen = self._seen.get(child.name)
        if seen is None or seen.pid != pid:
            self._seen[child.name] = _Seen(pid, sign, None)
            return 0.0
        if sign is not None and sign != seen.sign:
            seen.sign, seen.since = sign, now
        return now - seen.since if seen.since is not None else 0.0

    def _sign(self, name: str) -> int | None:
        try:
            return signs.place(self._state, name).stat().st_mtime_ns
        except OSError:
            return None

    def _begin_again(self, now: float) -> None:
        for seen in self._seen.values():
            seen.since = now if seen.since is not None else None
