"""Two who make the same at the same moment: the second is told in words, as if the first had been earlier."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError
from psycopg import errors

Answer = TypeVar("Answer")


def looked_again(act: Callable[[], Answer]) -> Answer:
    """Return what something answers; where somebody else made the same meanwhile, what it answers once that is there.

    `act` leaves nothing behind when it is refused by the database, and says what is wrong with what it finds there.
    """
    try:
        return act()
    except IntegrityError as refused:
        if not isinstance(refused.__cause__, errors.UniqueViolation):
            raise
    return act()
