"""The typed form of one stream of a manifest: how it is read, written and looked up."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from canonical.entity import Kind, Mask
from connectors.paths import Path
from connectors.template import Structure, Template, Templates

# What taking something back is at a system, by the manifest's word, as finance reads it.
UNDONE = {
    "reversal": "by a reversal: a second entry with the opposite amounts",
    "credit_note": "by a credit note",
    "cancellation": "by cancelling it there, which books its opposite where it was posted",
    "deletion": "by deleting it there, which the system allows as long as it is not locked, invoiced or posted further",
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a stream has been read: `timestamp` (the records' own times, or the run's start) or `keyset`."""

    kind: str
    field: Path = ()
    format: str = ""
    advance: str = "latest_record"
    overlap: float = 0.0  # seconds read again, for what was saved late
    initial: dict[str, Any] = dataclasses.field(default_factory=dict)
    fields: tuple[tuple[str, Path], ...] = ()


@dataclass(frozen=True, slots=True)
class Paging:
    """How the next page is found: next_link, cursor, page, offset, keyset or none."""

    kind: str
    next: Path = ()
    link_header: bool = False
    first: int = 1
    total_pages: Path = ()
    has_more: Path = ()
    total: Path = ()


@dataclass(frozen=True, slots=True)
class Window:
    """How all records of a span of days are read, so that deletions are found by comparing ids."""

    field: Path
    path: Template
    query: Templates
    body: Structure | None


@dataclass(frozen=True, slots=True)
class Detail:
    """One more request per record, where the list gives ids only."""

    path: Template
    query: Templates
    record: Path
    concurrency: int


@dataclass(frozen=True, slots=True)
class StreamField:
    """One field that a stream's records have, or that the target takes."""

    name: str  # as a mapping writes it: "employee.id"
    about: str
    kind: Kind | None
    required: bool


@dataclass(frozen=True, slots=True)
class Read:
    """How a stream is read."""

    method: str
    path: Template
    query: Templates
    headers: Templates
    body: Structure | None
    records: Path
    cursor: Cursor | None
    paging: Paging
    page_size: int
    window: Window | None
    detail: Detail | None
    fields: tuple[StreamField, ...] = ()  # that the manifest names; none: nobody has said
    closed: bool = False  # there are no others


@dataclass(frozen=True, slots=True)
class Found:
    """Where an id, reference or version is read from the answer to a write."""

    source: str  # body | location | header | request
    path: Path = ()
    pattern: Any = None
    header: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One more call of a write, before or after the one that carries our bytes."""

    method: str
    path: Template
    query: Templates
    headers: Templates
    body: Structure | None
    success: frozenset[int]
    keep: tuple[tuple[str, Path], ...]  # values of its answer, for {step.name} in what follows
    id: Found | None
    reference: Found | None
    version: Found | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of write. `body` is "ours" (our bytes), "none", or a structure around our bytes.

    With `by_look_up` there is no call of its own: what the look-up finds is updated, else it is created.
    """

    name: str
    method: str
    path: Template
    query: Templates
    headers: Templates
    body: Structure | str
    success: frozenset[int]
    id: Found | None
    reference: Found | None
    version: Found | None
    before: tuple[Step, ...] = ()
    then: tuple[Step, ...] = ()
    by_look_up: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Several writes in one call, and where each one's own result lies."""

    operations: frozenset[str]
    size: int
    method: str
    path: Template
    query: Templates
    headers: Templates
    item: Structure | None
    body: Structure
    success: frozenset[int]
    atomic: bool
    results: Path
    match: str
    key: Path
    status: Path
    item_success: frozenset[str]
    error: Path
    id: Found | None
    reference: Found | None
    version: Found | None


@dataclass(frozen=True, slots=True)
class LookUpQuery:
    """How the target is asked for what carries our key."""

    method: str
    path: Template
    query: Templates
    headers: Templates
    body: Structure | None
    records: Path | None  # None: the answer itself is the record
    match: Path
    id: Path
    reference: Path
    version: Path
    absent: frozenset[int]


@dataclass(frozen=True, slots=True)
class Write:
    """How a stream is written, and what the target lets us promise."""

    write_class: str  # idempotent | look_up | blind
    guarantee: str
    settle_seconds: float
    correction: tuple[str, ...]
    key_field: Path
    idempotency_header: str
    idempotency_field: Path
    operations: dict[str, Operation]
    batch: Batch | None
    look_up: LookUpQuery | None
    sample: dict[str, Any] | None
    fields: tuple[StreamField, ...] = ()  # that the target takes, as far as the manifest names them
    undone_by: str = ""  # what a reversal is there: one of UNDONE; "" where nobody has said


@dataclass(frozen=True, slots=True)
class Return:
    """How a record is sent back to whoever handed it in, with a reason."""

    by: str  # the stream whose `create` carries it out
    id: Path  # the field of the record that is {external_id} there
    body: Structure
    about: str  # in words for finance: what then happens to it there


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of record that a connector reads or writes."""

    name: str
    title: str
    about: str
    entity: str
    key: tuple[Path, ...]
    version: Path
    changed_at: Path
    ordered: str  # latest | every (records are deltas, never superseded)
    budget: str
    documentation: str
    read: Read | None
    write: Write | None
    record_link: Template | None = None  # address of one record in the vendor's screens
    no_record_link: str = ""  # in words: why there is none, and where people find a record instead
    masks: Mapping[str, Mask] | None = None  # path of a field → what it holds; None: nobody has said
    returns: Return | None = None
    cannot_return: str = ""  # in words: why a program cannot send a record back, and what to do instead

    @property
    def capabilities(self) -> tuple[str, ...]:
        """Return what the stream can do: read, incremental, window, write, look up."""
        able = {
            "read": self.read is not None,
            "incremental": self.read is not None and self.read.cursor is not None,
            "window": self.read is not None and self.read.window is not None,
            "write": self.write is not None,
            "look up": self.write is not None and self.write.look_up is not None,
            "send back": self.returns is not None,
        }
        return tuple(name for name, can in able.items() if can)
