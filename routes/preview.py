"""What the next run of a route would take in, seen before it runs: some records, what they become, where they would go.

The page that the run would begin with is read by the source's leave; nothing is kept, sent or moved.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Entity, Mask
from canonical.masking import mask, may_see
from canonical.problem import Problem
from connectors import gate, sampling
from connectors.manifest.stream import Stream
from connectors.models import Connection
from connectors.registry import registry
from governance import audit
from governance.actor import By
from governance.models import LegalEntity
from governance.rights import Right, allowed, allowed_masks, require
from routes import cursors, evaluation, legal_entities, receive
from routes.arrivals import Arrival
from routes.models import Route
from routes.plan import NotReadyToRun, Plan, current, plan
from routes.states import State

UNTOLD = (
    "Where it goes is decided by a formula of the draft that reads what you may not see. Somebody who may see it has "
    "to try that."
)
MOST = 10  # records that are looked at


class NoPreview(Exception):
    """There is no preview now; the message says why and what would help."""


@dataclass(frozen=True, slots=True)
class Line:
    """One record as it would be taken in."""

    key: str
    known: bool  # a version of it was read before: it is new only where it has changed
    goes_to: list[str]  # names of destinations, and what keeps a record from going there at once
    left_out: list[str]  # destinations whose condition it does not meet
    problems: list[str]
    values: list[tuple[str, Any]]  # canonical fields that are not empty
    elsewhere: bool = False  # it belongs to a company whose records the person does not see: nothing of it is told
    is_untold: bool = False  # where it goes is told by what the person may not see


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would begin with."""

    lines: list[Line]
    totals: list[tuple[str, int]]  # what would become of these records, in words
    from_start: bool  # the route has read nothing yet


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything of a route that its next run begins with, read from the rows; the system is not asked yet."""

    connection: Connection
    stream: Stream
    plan: Plan
    cursor: dict[str, Any] | None


def of_next_run(route: Route, *, by: By) -> Preview:
    """Return what the next run would begin with. Raises NoPreview in words, and NotAllowed.

    A record belongs to the company that it names: where the person sees none of its records it is only counted, and
    values that the person may not see there are hidden.
    """
    ready = prepared(route, by=by)
    found = foreseen(ready, read(ready), by=by)
    noted(route, found, by=by, legal_entity=route.legal_entity)
    return found


def prepared(route: Route, *, by: By) -> Prepared:
    """Return what a preview of a route needs of the rows. Raises NoPreview in words, and NotAllowed."""
    require(by, Right.EDIT_CONFIGURATION, route.legal_entity)
    if route.connection is None:
        raise NoPreview(f"{route} reads no system; what is sent to it or posted by another route cannot be foreseen.")
    try:
        made = plan(current(route).pk)
        stream = registry.connector(route.connection.connector).manifest.streams[route.stream]
    except NotReadyToRun as error:
        raise NoPreview(str(error)) from error
    read_from = cursors.source_of(route.connection, route.stream)
    return Prepared(route.connection, stream, made, cursors.stored(route.pk, read_from))


def read(ready: Prepared) -> list[dict[str, Any]]:
    """Return the raw records with which the run would begin, by their connection's leave. Raises NoPreview."""
    try:
        return sampling.read(ready.connection, ready.stream, most=MOST, cursor=ready.cursor)
    except sampling.NoSample as none:
        raise NoPreview(str(none)) from none


def noted(thing: audit.Thing, found: Preview, *, by: By, legal_entity: LegalEntity | None) -> None:
    """Write into the audit trail that somebody has looked at a preview, of a route or of a draft."""
    audit.record(by=by, verb="preview", thing=thing, after={"records": len(found.lines)}, legal_entity=legal_entity)


def foreseen(
    ready: Prepared, raws: list[dict[str, Any]], *, by: By, untold: Callable[[int], bool] = lambda _: False
) -> Preview:
    """Return what would become of raw records; of those of companies that the person does not see nothing is told.

    `untold` says of a company whether it would be told by what somebody may not see there where its records go.
    """
    made = ready.plan
    arrivals = receive.arrive(made, raws, gate.database_now())
    readable = [each for each in arrivals if each.outcome != "unreadable"]
    evaluation.normalise(made, readable, entities=legal_entities.by_code())
    evaluation.evaluate(made, readable, standing=lambda _: {})
    known = receive.known_keys(made, [each.key for each in readable])
    names = {str(each.id): each.name for each in made.destinations}
    lines = []
    for each in arrivals:
        owner = each.legal_entity or made.legal_entity_id
        line = Line("", False, [], [], [], [], True)
        if allowed(by, Right.VIEW, owner):
            line = _line(each, made.entity, by, known, names)
            if untold(owner) or untold(made.legal_entity_id):
                line = replace(line, goes_to=[], left_out=[], problems=[UNTOLD], is_untold=True)
        lines.append(line)
    return Preview(lines, list(Counter(_end(line) for line in lines).items()), ready.cursor is None)


def _line(arrival: Arrival, entity: str, by: By, known: set[str], names: dict[str, str]) -> Line:
    described, masks = ENTITIES[entity], allowed_masks(by, arrival.legal_entity)
    shown = mask(described, arrival.canonical or {}, masks)
    goes_to, problems = [], _told(arrival.problems, described, masks)
    for verdict in arrival.verdicts:
        problems += [f"{verdict.destination.name}: {words}" for words in _told(verdict.problems, described, masks)]
        waits = f", but waits: {verdict.reason}" if verdict.state is State.HELD else ""
        if verdict.state is not State.FAILED:
            goes_to.append(f"{verdict.destination.name}{waits}")
    return Line(
        key=arrival.key or "without a key",
        known=arrival.key in known,
        goes_to=goes_to,
        left_out=[names.get(each, "a former destination") for each in arrival.not_chosen],
        problems=problems,
        values=[(name, value) for name, value in shown.items() if value not in (None, "", [])],
    )


def _told(problems: Sequence[Problem], entity: Entity, masks: frozenset[Mask]) -> list[str]:
    """Return the words of problems; those about a hidden field may quote its value, so they name the field only."""
    told = []
    for each in problems:
        if each.severity == "error":
            hidden = each.field in entity.by_name and not may_see(entity, each.field, masks)
            told.append(f"Something is wrong with the {each.field.replace('_', ' ')}." if hidden else each.message)
    return told


def _end(line: Line) -> str:
    """Return what would become of a record, as a total says it."""
    if line.elsewhere:
        return "of companies whose records you do not see"
    if line.is_untold:
        return "would be decided by what you may not see"
    if line.problems:
        return "would stop for a person"
    if line.known:
        return "known already: taken in again only where it has changed"
    return "would be taken in and sent on" if line.goes_to else "would be taken in and left out by every condition"
