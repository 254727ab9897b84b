"""What a consignment carries: its transactions as far as they are worked out, in one body.

Ids are texts of 32 digits, as COPY takes them. A release may find rows that the one before it has written: fields are
only ever added, at the end and with a default.
"""

from datetime import datetime

import msgspec

from routes.states import State, Step

SENT = "sent to the target"


class Item(msgspec.Struct, array_like=True, gc=False):
    """One transaction of a key that nothing was ever sent for, and the effect that will stand for it."""

    transaction: str
    record: str
    effect: str
    payload: str  # the body, stored with the page
    correlation: str
    legal_entity: int
    key: str  # the business key at the target
    version: str  # of the source
    content: str  # hash of the body, as COPY takes it
    worth: str  # amount, currency and hours, as columns of COPY

    @property
    def idempotency_key(self) -> str:
        """The effect's id as ledgers show it: a number is never used for other bytes."""
        id_ = self.effect
        return f"{id_[:8]}-{id_[8:12]}-{id_[12:16]}-{id_[16:20]}-{id_[20:]}"


class Waybill(msgspec.Struct, array_like=True):
    """The items of a consignment, and what they share."""

    snapshot: int
    tail: str  # destination, group, snapshot, run, attempts and time of making, as columns of COPY
    steps: list[tuple[str, str, datetime, str]]  # the way that all went until they were ready
    items: list[Item]

    def walk(self, *more: Step) -> tuple[Step, ...]:
        """Return the history of its transactions, with further steps."""
        return (*self.steps, *more)


def under_way(at: datetime) -> Step:
    """Return the step with which a transaction was sent."""
    return (State.READY, State.DELIVERING, at, SENT)


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Waybill).decode
