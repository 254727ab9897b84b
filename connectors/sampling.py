"""Some real records of a stream, read now because somebody asks: to see what a mapping will meet. Nothing is kept.

The question goes by the connection's leave like every other: pause, window, breaker, pace and budget bind it. Values
are hidden as the manifest says what they hold and the person's roles say what they may see.
"""

from collections.abc import Collection, Iterator
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from canonical.entity import Mask
from canonical.failure import Category
from connectors import gate, loop
from connectors.exchange import HIDDEN
from connectors.manifest.stream import Stream
from connectors.models import Connection
from connectors.outcome import ConnectorFailure
from connectors.registry import UnknownConnector, registry
from governance import audit
from governance.actor import By
from governance.keys import OPERATOR, KeyLost, KeysUnusable
from governance.rights import Right, allowed_masks, require

MOST = 5  # records of a sample
SECONDS = 30.0  # that a person waits
LONGEST = 200  # characters of a value that are shown
EVERYTHING = frozenset(Mask) - {Mask.NONE}


class NoSample(Exception):
    """There is no sample now; the message says why and what would help."""


@dataclass(frozen=True, slots=True)
class Row:
    """One field of the stream and its value in each record, as text; `hidden` where the person may not see it."""

    name: str  # path, "user.name"
    values: list[str]
    hidden: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """What was read, field by field."""

    stream: Stream
    count: int  # records
    rows: list[Row]


def sample(connection: Connection, stream: str, *, by: By, most: int = MOST) -> Sample:
    """Read up to `most` real records of a stream. Raises NoSample in words, and NotAllowed.

    That it was asked for is in the audit trail; what came is kept nowhere.
    """
    require(by, Right.EDIT_CONFIGURATION, connection.legal_entity)
    described = _readable(connection, stream)
    records = read(connection, described, most=most)
    audit.record(
        by=by, verb="sample", thing=connection, after={"stream": described.title, "records": len(records)},
        legal_entity=connection.legal_entity,
    )  # fmt: skip
    hidden = registry.connector(connection.connector).manifest.redaction.fields
    masks = allowed_masks(by, connection.legal_entity)
    return Sample(described, len(records), list(_rows(described, records, masks, hidden)))


def streams_of(connection: Connection) -> list[Stream]:
    """Return the streams that can be read; none where the connector is gone."""
    if connection.connector not in registry.connectors:
        return []
    manifest = registry.connectors[connection.connector].manifest
    return [each for each in manifest.streams.values() if each.read is not None]


def read(
    connection: Connection, stream: Stream, *, most: int, cursor: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return up to `most` raw records by the connection's leave; for verbs that have asked for rights and hide values.

    Raises NoSample in words.
    """
    worker = uuid4()
    admission = gate.admit(connection.pk, 1, worker, stream=stream.name, at_once=1)
    if not admission.allowed:
        when = f" Try again after {admission.wait_until:%H:%M:%S} UTC." if admission.wait_until else ""
        raise NoSample(f"{connection.name} is not asked now: {admission.message}{when}")
    try:
        asking = loop.run(loop.engine().first_records(connection.spec(), stream.name, most=most, cursor=cursor))
        try:
            records = asking.result(SECONDS)
        except TooLate:
            asking.cancel()
            raise NoSample(f"{connection.name} has not answered within {SECONDS:.0f} seconds. Try again.") from None
        if stream.read is not None and stream.read.detail is not None:
            gate.charge(connection.pk, stream.name, len(records))
        return records
    except ConnectorFailure as failure:
        raise NoSample(f"{stream.title}: {words(failure)}") from failure
    except KeysUnusable as unusable:
        raise NoSample(f"The hub's encryption keys cannot be used. {OPERATOR}") from unusable
    except KeyLost as lost:
        raise NoSample(f"{lost} Enter the connection's secrets again.") from lost
    finally:
        gate.release(admission, worker)


def words(failure: ConnectorFailure) -> str:
    """Return what a failed question means to whoever connects a system, and what would help."""
    told = {
        Category.CREDENTIALS: "the sign-in was refused",
        Category.NO_RIGHT: "the account that signs in has no right to read it",
        Category.THROTTLED: "the system is asked too often just now",
        Category.OUTAGE: "the system cannot be reached",
    }
    meaning = told.get(failure.category)
    message = failure.message if failure.message.endswith((".", "!", "?")) else f"{failure.message}."
    return " ".join(part for part in (f"{meaning}:" if meaning else "", message, failure.hint) if part)


def _readable(connection: Connection, name: str) -> Stream:
    try:
        manifest = registry.connector(connection.connector).manifest
    except UnknownConnector as error:
        raise NoSample(f"{error} Install the connector again.") from error
    found = manifest.streams.get(name)
    if found is None or found.read is None:
        titles = ", ".join(each.title for each in streams_of(connection))
        raise NoSample(f"{manifest.title} has no such stream to read. Choose one of: {titles}.")
    return found


def _rows(
    stream: Stream, records: list[dict[str, Any]], masks: frozenset[Mask], redacted: Collection[str]
) -> Iterator[Row]:
    flat = [dict(_leaves(record, "")) for record in records]
    names = dict.fromkeys(name for each in flat for name in each)
    for name in names:
        hidden = not _may_see(stream, name, masks) or name.rpartition(".")[2].lower() in redacted
        values = [each.get(name, "") for each in flat]
        yield Row(name, [HIDDEN if value and hidden else value for value in values], hidden)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield each value with its path; of a list the number of its entries and what the first one holds."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield f"{path} (list)", f"{len(value)} of them, the first one below"
        yield from _leaves(value[0], f"{path}.0")
    elif isinstance(value, list):
        yield path, _text(", ".join(_text(each) for each in value))
    else:
        yield path, "" if isinstance(value, dict) else _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _may_see(stream: Stream, name: str, masks: frozenset[Mask]) -> bool:
    if masks >= EVERYTHING:
        return True
    if stream.masks is None:
        return False
    plain = ".".join(part for part in name.removesuffix(" (list)").split(".") if not part.isdigit())
    holds = [mask for path, mask in stream.masks.items() if plain == path or plain.startswith(f"{path}.")]
    return all(mask in masks for mask in holds)
