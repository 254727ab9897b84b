"""A source record as it arrives, and what the engine finds out about it before anything is stored."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from canonical.problem import Problem
from connectors.paths import Path, find, written
from governance.actor import ENGINE, Actor
from governance.identifiers import new_id
from routes.states import State

_encoder = msgspec.json.Encoder(decimal_format="number", order="deterministic")
_decoder = msgspec.json.Decoder(float_hook=Decimal)
KEY_LIMIT = 200  # characters, as the column
VERSION_DIGITS = 30  # of a version number
WITHIN = str.maketrans({"/": "\\/", "\\": "\\\\"})  # what would be read as an end, within one of several parts of a key
NO_ID = UUID(int=0)
UNREADABLE = "unreadable:"  # begins the key of a head that stands for a record whose own key or version is none


@dataclass(frozen=True, slots=True)
class Origin:
    """Where versions of records come from, for the history: the source by itself, or a person's correction."""

    by: Actor = ENGINE
    received: str = "taken in from the source"
    newer: str = "a newer version of the same record arrived"  # why those before them are superseded
    closed_how: str = "auto:newer_version"  # how the failures of those before them end


SOURCE = Origin()


class Unreadable(ValueError):
    """A record without the fields that make it a record; the message is for the work item."""


def exact(values: object) -> str:
    """Return the JSON text of a record: sorted keys, decimals with the digits they came with."""
    return _encoder.encode(values).decode()


def decode(text: str | bytes) -> Any:
    """Return what a JSON text says, numbers with a point as Decimal."""
    return _decoder.decode(text)


def exact_with_hash(values: object) -> tuple[str, bytes]:
    """Return what `exact` and `digest` do, with one walk less over the text."""
    written = _encoder.encode(values)
    return written.decode(), blake2b(written, digest_size=16).digest()


def digest(text: str) -> bytes:
    """Return the 16-byte content hash of a JSON text (BLAKE2b-128)."""
    return blake2b(text.encode(), digest_size=16).digest()


def key_of(record: Mapping[str, Any], paths: Sequence[Path]) -> str:
    """Return the business key: the key fields as `joined` writes them. Raises Unreadable."""
    parts = []
    for path in paths:
        value = find(record, path)
        if (
            value is None
            or value == ""
            or isinstance(value, (dict, list))
            or (value.__class__ is str and value.isspace())
        ):
            raise Unreadable(f"The record has no {written(path)}, part of its key. Check the stream at the source.")
        parts.append(str(value))
    key = joined(parts)
    if len(key) > KEY_LIMIT or "\x00" in key:
        raise Unreadable(
            f"The record's key has {len(key)} characters; up to {KEY_LIMIT} without control characters fit."
        )
    return key


def joined(parts: Sequence[str]) -> str:
    """Return the parts of a key as one text, a slash between them: no two lists of equal length give the same.

    A slash within one of several parts gets a backslash before it, as a backslash does; a single part stays as it is.
    """
    if len(parts) == 1:
        return parts[0]
    return "/".join(part.translate(WITHIN) if "/" in part or "\\" in part else part for part in parts)


def version_of(
    record: Mapping[str, Any], *, number: Path, changed_at: dt.datetime | None, content: bytes, arrived: dt.datetime
) -> str:
    """Return a text that sorts as the source orders its versions.

    A declared version number, else the time of change with the content as tie-break, else the time of arrival.
    Raises Unreadable when a declared field does not hold what it should.
    """
    if number:
        value = find(record, number)
        digits = str(value) if isinstance(value, int | Decimal | str) else ""
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= VERSION_DIGITS):
            raise Unreadable(
                f"The version {str(value)[:40]!r} in {written(number)} is not a whole number of at most "
                f"{VERSION_DIGITS} digits. Check the stream at the source."
            )
        return f"n{digits.zfill(VERSION_DIGITS)}"
    return f"{version_at(changed_at or arrived)}:{content[:8].hex()}"


def version_at(moment: dt.datetime) -> str:
    """Return a time as versions name it, to the microsecond; times sort by it as they follow each other."""
    moment = moment.astimezone(dt.UTC)
    # Written by the encoder, which leaves out a fraction of zero; `strftime` takes five times as long.
    return f"t{_encoder.encode(moment)[1:20].decode()}.{moment.microsecond:06d}"


def moment_of(value: object, path: Path) -> dt.datetime:
    """Return a time with zone from ISO 8601 text (UTC where it names none). Raises Unreadable."""
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    try:
        moment = dt.datetime.fromisoformat(str(value))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        # versions sort as text: years have four digits
        in_range = 1000 < moment.year < 9999 or moment.astimezone(dt.UTC).year >= 1000
    except (ValueError, OverflowError):
        in_range = False
    if not in_range:
        raise Unreadable(
            f"{written(path)} holds {str(value)[:40]!r}, which is not a time such as 2026-05-04T09:30:00Z."
        )
    return moment


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a version of a record stands, or is under way, at one destination."""

    key: str  # its business key there
    posted: bool  # it is posted, or may be: the outcome is awaited or in doubt
    snapshot: int  # the configuration with which the original was posted
    kept_away: bool = False  # a person has had it taken back: nothing of it is posted by itself


class Verdict(msgspec.Struct):
    """What becomes of a record at one destination."""

    destination: Any  # routes.plan.DestinationPlan
    state: State  # ready, failed, parked, held, filtered
    reached: State  # the last stage it passed: normalised, validated
    key: str
    reason: str
    body: str = ""
    content: bytes = b""
    hits: Sequence[int] = ()  # the table rows that its bytes were made with
    problems: list[Problem] = []
    waits_for: tuple[str, str] | None = None  # kind, on
    withdraws: bool = False
    transaction: UUID = msgspec.field(default_factory=new_id)
    payload: str = ""  # id of the stored body, as 32 digits
    draft: Any = None  # routes.drafts.Draft, where it travels in a consignment


class Arrival(msgspec.Struct):
    """One version of one source record."""

    raw: Mapping[str, Any]
    body: str
    content: bytes
    key: str = ""
    version: str = ""
    outcome: str = "new"  # new, changed, withdrawn, unreadable
    record: UUID = msgspec.field(default_factory=new_id)
    correlation: UUID = NO_ID  # its own record, unless something else caused it
    causation: UUID | None = None
    legal_entity: int | None = None
    canonical: dict[str, Any] | None = None
    canonical_body: str = ""
    hits: Sequence[int] = ()  # the table rows that its canonical form was made with
    occurred_on: dt.date | None = None
    changed_at: dt.datetime | None = None
    problems: list[Problem] = []
    stage: str = "receive"  # where the problems arose
    verdicts: list[Verdict] = []
    not_chosen: dict[str, str] = {}
    overtaken: bool = False  # a newer version came before it
    previous: UUID | None = None  # the record of the version before this one
    collected: tuple[UUID, ...] = ()  # the posted transactions that it stands for
    corrected: tuple[str, ...] = ()  # fields over which a person's correction was laid
    waived: frozenset[str] = frozenset()  # rules that a person has let this version pass
    given: int = 0  # how many problems it had before it was normalised
    normalised: int | None = None  # how many problems it had when it was normalised; None: it is not yet
    read_key: str = ""  # the key of one that is unreadable, where at least its key can be read
    worth: tuple[Decimal | None, str, Decimal | None] = (None, "", None)  # amount, currency, hours

    def __post_init__(self) -> None:
        """Let it be the first of what it causes."""
        if self.correlation is NO_ID:
            self.correlation = self.record

    def forget_choice(self) -> None:
        """Forget what was found out about its destinations, if anything was: its past counts for them, too."""
        if self.normalised is not None:
            del self.problems[self.normalised :]
            self.stage = "normalise"
        self.verdicts.clear()
        self.not_chosen.clear()

    @property
    def state(self) -> str:
        """Where its record stands: one that came too late to matter is nobody's work, whatever is wrong with it."""
        if not self.failed:
            return "routed"
        return "superseded" if self.overtaken else "failed"

    @property
    def failed(self) -> bool:
        """Whether it stopped before a destination was chosen."""
        return bool(self.problems) and any(p.severity == "error" for p in self.problems)
