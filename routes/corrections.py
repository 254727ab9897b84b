"""What a newer version does to what stands at the target: one table, read aloud by finance.

Pure: it compares what is wanted with what is live and names the next operation. It is asked again after each confirmed
operation, so that "reverse and post again" is two rows of the ledger and a crash in between loses nothing.
"""

from dataclasses import dataclass
from enum import StrEnum


class Next(StrEnum):
    """The next operation for a business key."""

    CREATE = "create"
    UPDATE = "update"
    REVERSE = "reverse"  # what is live; a version that is still wanted is created afterwards
    DELTA = "delta"  # a further posting of the difference
    NOTHING = "nothing"  # what is wanted is there
    NEVER_POSTED = "never_posted"  # withdrawn before anything was posted
    PERSON = "person"  # the destination has no way to correct by itself


@dataclass(frozen=True, slots=True)
class Live:
    """What stands at the target for a key."""

    content: bytes  # hash of the request that it came from
    reversible: bool = True


# correction policy → what a changed version and a withdrawal do to something live
TABLE: dict[str, tuple[Next, Next]] = {
    "update": (Next.UPDATE, Next.REVERSE),
    "reverse": (Next.REVERSE, Next.REVERSE),
    "delta": (Next.DELTA, Next.DELTA),  # withdrawn: the difference to nothing
    "none": (Next.PERSON, Next.PERSON),
}


def decide(*, live: Live | None, wanted: bytes | None, correction: str) -> Next:
    """Return the next operation; `wanted` is the hash of the new request, None when the source withdrew the record."""
    if live is None:
        return Next.NEVER_POSTED if wanted is None else Next.CREATE
    if wanted == live.content:
        return Next.NOTHING
    changed, withdrawn = TABLE[correction]
    return withdrawn if wanted is None else changed
