"""Choosing what the order of exceptions goes by, for the whole firm."""

from django.db import transaction

from exceptions_queue.models import Yardstick
from exceptions_queue.yardstick import WEIGHTS, usual
from governance import audit
from governance.actor import By
from governance.rights import Right, require

FIELDS = ("currency", "rate_table", "rate_column", *WEIGHTS)


@transaction.atomic
def set_order(wanted: Yardstick | None, *, by: By, reason: str = "") -> Yardstick:
    """Go by other measures from now on, or by what is usual (None). The sweep works all open items out anew.

    Raises NotAllowed, and ValidationError with what is wrong by field.
    """
    require(by, Right.EDIT_CONFIGURATION, None)
    before = Yardstick.objects.select_for_update().first()
    row = before or usual()
    old = _told(row)
    for name in FIELDS:
        setattr(row, name, getattr(wanted or usual(), name))
    row.full_clean(validate_unique=False)
    row.save()
    audit.record(by=by, verb="set order", thing=row, before=old, after=_told(row), reason=reason)
    return row


def _told(row: Yardstick) -> dict[str, str]:
    return {name: str(getattr(row, name)) for name in FIELDS}
