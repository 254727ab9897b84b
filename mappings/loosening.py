"""Remember who let rows of a table count with less consent than before, and let a second person agree to that.

Whoever loosens a table's approval stays bound to a second person there: their own rows wait, also when they put the
approval back, until somebody else who approves rows agrees. So nobody gets a row in force alone by changing the rule
first. A company's own table that stands before a stricter one of all companies counts as loosened by who makes it.
"""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction

from governance import audit
from governance.actor import By, as_actor
from governance.rights import Right, require, require_other_person
from governance.same_person import behind
from mappings.locking import locked
from mappings.models import Approval, LookupTable

Policy = tuple[str, str, Decimal | None]  # approval, the column that decides, the amount


class PolicyChanged(ValueError):  # reads as what happened
    """The approval is another one than the one that was agreed to; the message says what to do."""


def policy_of(table: LookupTable) -> Policy:
    """Return who agrees to a table's rows."""
    return (table.approval, table.approval_column, table.approval_amount)


def loosens(before: Policy, after: Policy) -> bool:
    """Tell whether rows that waited for a second person before may count at once after."""
    if before[0] == Approval.AT_ONCE or after[0] == Approval.ALWAYS:
        return False
    if before[0] == Approval.ALWAYS or after[0] == Approval.AT_ONCE:
        return True
    return before[1] != after[1] or (after[2] or Decimal(0)) > (before[2] or Decimal(0))


def remember(table: LookupTable, before: Policy | None, *, by: By, reason: str) -> bool:
    """Note on a table that is about to be saved who loosened it; return whether they did.

    `before` is the policy until now, none for a new table. Raises ValidationError when no reason is given.
    """
    if before is None:
        before = _in_front_of(table)
    if before is None or not loosens(before, policy_of(table)):
        return False
    if not reason.strip():
        words = "Rows need less consent than before. Say why, in one sentence for those who read this later."
        raise ValidationError({"reason": words})
    table.loosened_by = sorted({*table.loosened_by, as_actor(by).reference, *behind(by)})
    return True


@transaction.atomic
def agree_to(table: LookupTable, *, policy: str, by: By, reason: str = "") -> LookupTable:
    """Agree to a table's approval as it is: rows of those who loosened it follow it from now on.

    `policy` is the approval that was read, as `LookupTable.policy` writes it. Raises NotAllowed, also for one of those
    who loosened it, and PolicyChanged.
    """
    row = locked(table)
    require(by, Right.APPROVE_TABLES, row.legal_entity)
    require_other_person(by, *row.loosened_by, thing=f"The approval of {row}")
    if not row.loosened_by or row.policy != policy:
        raise PolicyChanged(
            f"Who agrees to rows of {row} has been changed or agreed to meanwhile. Load the table again."
        )
    row.loosened_by = []
    row.save(update_fields=["loosened_by"])
    after = {"approval": row.policy}
    audit.record(by=by, verb="approve", thing=row, after=after, reason=reason, legal_entity=row.legal_entity)
    return row


def _in_front_of(table: LookupTable) -> Policy | None:
    """Return the policy of the table of all companies that a company's new one stands before."""
    if table.legal_entity is None:
        return None
    shared = LookupTable.objects.filter(name=table.name, legal_entity=None).first()
    return policy_of(shared) if shared else None
