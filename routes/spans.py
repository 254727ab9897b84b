"""Spans of days that a run can be asked to read: what is known to be in vain is said when somebody asks."""

from datetime import date, timedelta

from connectors.gate import database_now
from connectors.registry import registry
from routes.models import Route

FIRST = date(1970, 1, 1)  # no system that we read has records of earlier days
AHEAD = timedelta(days=366)  # what is planned, such as an absence, lies in the days to come


class WrongSpan(ValueError):
    """A run cannot read these days. The message says why and what can be asked; `end` is the day that is wrong."""

    def __init__(self, end: str, words: str) -> None:
        super().__init__(words)
        self.end = end  # "from" or "to"


def check(route: Route, first: date, last: date) -> None:
    """Raise WrongSpan unless a run of the route can read these days."""
    if not _reads_days(route):
        raise WrongSpan("from", f"What {route} reads cannot be asked for by days. Leave the days out.")
    if first < FIRST:
        raise WrongSpan("from", f"Days before {FIRST} cannot be read. Choose a later one.")
    latest = database_now().date() + AHEAD
    if last > latest:
        raise WrongSpan("to", f"Days after {latest} cannot be read yet. Choose an earlier one.")


def _reads_days(route: Route) -> bool:
    if route.connection is None:  # from an upstream, or sent in
        return False
    known = registry.connectors.get(route.connection.connector)
    stream = known.manifest.streams.get(route.stream) if known else None
    return stream is None or "window" in stream.capabilities  # of one that is gone the run itself says it
