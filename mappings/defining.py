"""Change what a lookup table says of itself: its name for people, who agrees to rows, and what its columns accept.

Its columns stay as they are: rows that were kept with others would lose their meaning. A table with other columns is a
new table.
"""

from decimal import Decimal
from typing import Any

from django.db import transaction

from governance import audit
from governance.actor import By
from governance.rights import Right, require
from mappings.locking import locked
from mappings.loosening import policy_of, remember
from mappings.models import LookupTable

CHANGED = ("title", "meaning", "approval", "approval_column", "approval_amount", "accepted")


@transaction.atomic
def define_table(
    table: LookupTable,
    *,
    title: str,
    meaning: str,
    approval: str,
    by: By,
    approval_column: str = "",
    approval_amount: Decimal | None = None,
    accepted: dict[str, dict[str, Any]] | None = None,
    reason: str = "",
) -> LookupTable:
    """Change a table's definition. Raises NotAllowed, and ValidationError with every problem by field.

    Rows that are kept already stay, also where a column would not accept them any more. Less consent than
    before needs a reason, and rows of whoever asks for it wait until somebody else agrees: see `mappings.loosening`.
    """
    row = locked(table)
    require(by, Right.EDIT_CONFIGURATION, row.legal_entity)
    before = {name: getattr(row, name) for name in CHANGED}
    policy = policy_of(row)
    row.title, row.meaning, row.approval = title, meaning, approval
    row.approval_column, row.approval_amount, row.accepted = approval_column, approval_amount, accepted or {}
    row.full_clean()
    remember(row, policy, by=by, reason=reason)
    row.save()
    after = {name: getattr(row, name) for name in CHANGED}
    changed = [name for name in CHANGED if before[name] != after[name]]
    audit.record(
        by=by, verb="change", thing=row, before={name: before[name] for name in changed},
        after={name: after[name] for name in changed}, reason=reason, legal_entity=row.legal_entity,
    )  # fmt: skip
    return row
