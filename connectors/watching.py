"""Lets whoever measures look on while requests go out. Nobody looks unless asked to, and nothing depends on it.

Told are the system, how it ended and how long it took; never an address' path, a header or a body.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from yarl import URL

from connectors.outcome import WriteOutcome

Sent = Callable[[str, Sequence[WriteOutcome], float], None]  # connector, outcomes of one call, seconds
Say = Callable[[int], None]  # takes the status of the answer
Look = Callable[[str, URL], AbstractContextManager[Say]]  # method, origin

on_sent: list[Sent] = []
on_request: list[Look] = []  # one at most
_NOBODY: AbstractContextManager[Say] = nullcontext(lambda status: None)


def sent(connector: str, outcomes: Sequence[WriteOutcome], seconds: float) -> None:
    """Tell that one call with so many writes has ended."""
    for tell in on_sent:
        tell(connector, outcomes, seconds)


def request(method: str, url: URL) -> AbstractContextManager[Say]:
    """Return what surrounds one request; it yields what is told the status of the answer."""
    return on_request[0](method, url.origin()) if on_request else _NOBODY
