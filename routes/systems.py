"""What the engine needs to know of a connector's streams, taken from its manifest once per process."""

from dataclasses import dataclass
from functools import lru_cache

from canonical.entity import Entity
from connectors.manifest.stream import Write
from connectors.paths import Path
from connectors.registry import registry


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """How a source stream tells one record and one version from another."""

    key: tuple[Path, ...]
    version: Path  # where a whole version number lies; (): none
    changed_at: Path  # where the time of change lies; (): none
    pushed: Path = ()  # where the records lie in the body of a webhook; (): the body itself


@dataclass(frozen=True, slots=True)
class WriteFacts:
    """What a write stream's target allows us to know."""

    write_class: str  # idempotent, look_up, blind
    settle_seconds: float
    can_look_up: bool
    upserts: bool  # a first write changes what the target has under our key already, instead of adding a second one
    reverses: bool = False  # what is posted can be taken back there
    undone_by: str = ""  # in what way, as the manifest names it
    further: tuple[tuple[str, int], ...] = ()  # requests that one write of an operation takes beside its own


def event_facts(entity: Entity) -> StreamFacts:
    """Return the facts of canonical records that are pushed through our API: the entity says what its key is."""
    changed_at: Path = ("changed_at",) if "changed_at" in entity.by_name else ()
    return StreamFacts(key=tuple((name,) for name in entity.key), version=(), changed_at=changed_at)


UPSTREAM = StreamFacts(key=(("key",),), version=(), changed_at=())


@lru_cache(maxsize=512)
def stream_facts(connector: str, stream: str) -> StreamFacts:
    """Return the facts of a source stream."""
    manifest = registry.connector(connector).manifest
    found = manifest.streams[stream]
    pushed = manifest.webhooks.records if manifest.webhooks else ()
    return StreamFacts(found.key, found.version, found.changed_at, pushed)


@lru_cache(maxsize=512)
def write_facts(connector: str, stream: str) -> WriteFacts:
    """Return the facts of a write stream."""
    found = registry.connector(connector).manifest.streams[stream].write
    assert found is not None, f"{connector} writes no {stream}"
    return WriteFacts(
        found.write_class, found.settle_seconds, found.look_up is not None, "upsert" in found.operations,
        "reverse" in found.operations, found.undone_by, _further(found),
    )  # fmt: skip


def _further(write: Write) -> tuple[tuple[str, int], ...]:
    """Return the requests that a write takes beside its own: the steps around it, and a question before it."""
    steps = {name: len(each.before) + len(each.then) for name, each in write.operations.items()}
    either = max((steps.get(name, 0) for name in ("create", "update")), default=0)  # what the question leads to
    counts = {name: 1 + either if each.by_look_up else steps[name] for name, each in write.operations.items()}
    return tuple((name, count) for name, count in counts.items() if count)
