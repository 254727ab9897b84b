"""Choosing what the order of exceptions goes by, for the whole firm."""

import hashlib
from copy import copy

from django.core.exceptions import ValidationError
from django.db import transaction

from exceptions_queue.models import Yardstick
from exceptions_queue.yardstick import WEIGHTS, usual, wrong_rates
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from governance.seen import UNSAID, changed_meanwhile
from governance.versions import ChangedMeanwhile, lock_object

FIELDS = ("currency", "rate_table", "rate_column", *WEIGHTS)


@transaction.atomic
def set_order(wanted: Yardstick | None, *, by: By, reason: str = "", seen: str | None = None) -> Yardstick:
    """Go by other measures from now on, or by what is usual (None). The sweep works all open items out anew.

    `seen` is the mark of the measures that were shown (`mark_of`). Raises NotAllowed, ValidationError with what is
    wrong by field, and ChangedMeanwhile where others hold by now.
    """
    require(by, Right.EDIT_CONFIGURATION, None)
    lock_object("order", "")  # the first time there is no row to lock
    before = Yardstick.objects.select_for_update().first()
    if seen is not None and seen != mark_of(before):
        raise ChangedMeanwhile(changed_meanwhile(before) if seen and before is not None else UNSAID)
    row = before or usual()
    old = _told(row)
    stood = copy(before)
    for name in FIELDS:
        setattr(row, name, getattr(wanted or usual(), name))
    row.full_clean(validate_unique=False)
    if wrong := wrong_rates(row, stood):
        raise ValidationError(wrong)
    row.save()
    audit.record(by=by, verb="set order", thing=row, before=old, after=_told(row), reason=reason)
    return row


def mark_of(row: Yardstick | None) -> str:
    """Return a short text that is another one after any of the measures that hold has changed."""
    return hashlib.sha256(repr(_told(row or usual())).encode()).hexdigest()[:24]


def _told(row: Yardstick) -> dict[str, str]:
    return {name: str(getattr(row, name)) for name in FIELDS}
