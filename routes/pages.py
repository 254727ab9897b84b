"""Pages of a source, read by leave of its connection: pauses, windows, breaker, slots and budget bind reading too.

The leave is asked for a few pages at a time, so that a page costs no question of its own. A page costs one request, and
one more for each record that is fetched by itself; those are charged once they are known.
"""

import time
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from connectors import gate, loop
from connectors.models import Connection
from connectors.outcome import ConnectorFailure, Page
from routes import pausing

AT_A_TIME = 8  # pages of one leave
SECONDS = 5.0  # after which the leave is asked anew, so that a pause is obeyed soon


class NotNow(Exception):
    """The connection takes no request now: why, in words, and when to ask again (None: until a person acts)."""

    def __init__(self, message: str, until: datetime | None) -> None:
        super().__init__(message)
        self.message, self.until = message, until


def read(
    source: Connection,
    stream: str,
    *,
    cursor: dict[str, Any] | None = None,
    window: tuple[date, date] | None = None,
) -> Iterator[Page]:
    """Yield pages, the next one read while the one before is used; the page that got through closes a breaker.

    Raises NotNow, after the pages that were read already, and ConnectorFailure.
    """
    leave = _Leave(source, stream)
    try:
        leave.ask()
        reading = loop.engine().read_pages(source.spec(), stream, cursor=cursor, window=window)
        ahead = loop.run(_next(reading))
        try:
            while (page := ahead.result()) is not None:
                leave.used(page)
                refused = None
                if not page.last:
                    try:
                        leave.ask()
                        ahead = loop.run(_next(reading))
                    except NotNow as not_now:
                        refused = not_now
                yield page
                if page.last:
                    return
                if refused is not None:
                    raise refused
        finally:
            ahead.cancel()
            close = getattr(reading, "aclose", None)
            if close is not None:
                loop.run(close())
    except ConnectorFailure as failure:
        pausing.failed(source, failure)  # before the leave is given back: a probe has decided something
        raise
    finally:
        leave.give_back()


async def _next(reading: Any) -> Page | None:
    return await anext(reading, None)


class _Leave:
    """Leave to ask a connection for some pages, one after the other."""

    def __init__(self, source: Connection, stream: str) -> None:
        self._source, self._stream, self._worker = source, stream, uuid4()
        self._admission: gate.Admission | None = None
        self._left, self._until = 0, 0.0

    def ask(self) -> None:
        """Take leave for one page more. Raises NotNow."""
        if self._left <= 0 or time.monotonic() > self._until:
            self.give_back()
            admission = gate.admit(self._source.pk, AT_A_TIME, self._worker, stream=self._stream, at_once=1)
            if not admission.allowed:
                raise NotNow(f"{self._source.name} is not asked now: {admission.message}", admission.wait_until)
            self._admission, self._left = admission, admission.allowed
            self._until = time.monotonic() + SECONDS
        self._left -= 1

    def used(self, page: Page) -> None:
        """Note a page that came: a probe that got through closes the breaker."""
        if page.requests > 1:
            gate.charge(self._source.pk, self._stream, page.requests - 1)
        if self._admission is not None and self._admission.probe:
            pausing.recovered(self._source)

    def give_back(self) -> None:
        """Return slots and the requests that were not needed."""
        admission, self._admission = self._admission, None
        if admission is not None:
            if self._left > 0:
                gate.charge(self._source.pk, self._stream, -self._left)
            gate.release(admission, self._worker)
        self._left = 0
