"""What stopped, as far as a trial needs it: a failure, or what was read of very many of them."""

from decimal import Decimal
from typing import Protocol
from uuid import UUID


class Stopped(Protocol):
    """A failure's own fields; of its record or transaction a trial reads the rest."""

    @property
    def pk(self) -> UUID:
        """Return the failure."""

    @property
    def transaction_id(self) -> UUID | None:
        """Return what stopped; None where it stopped before a destination was chosen."""

    @property
    def record_id(self) -> UUID | None:
        """Return its record."""

    @property
    def legal_entity_id(self) -> int:
        """Return whose it is."""

    @property
    def stage(self) -> str:
        """Return where it stopped."""

    @property
    def amount(self) -> Decimal | None:
        """Return what it was worth then."""

    @property
    def currency(self) -> str:
        """Return in which currency."""

    @property
    def hours(self) -> Decimal | None:
        """Return its hours."""
