"""Who decides where a second person is asked: said before something is proposed, and while it waits."""

from collections.abc import Collection

from canonical.failure import Category
from exceptions_queue.models import State, WorkItem
from exceptions_queue.permitted import who_have
from governance.actor import as_actor
from governance.models import LegalEntity, User
from governance.roles import Right
from mappings.models import Approval, LookupTable

NAMED = 3  # people; further ones are counted


def second_people(right: Right, place: LegalEntity | None, *, but: Collection[str]) -> str:
    """Return who may decide, without those who may not decide their own: "Clara Voss or Dora Brandt". One query."""
    people = [as_actor(user) for user in who_have(right, place)]
    others = [each.name for each in people if each.reference not in but]
    if not others:
        return "a second person (nobody may yet: an operator gives the role)"
    named = others[:NAMED]
    more = len(others) - len(named)
    return " or ".join([*named, *([f"{more} others"] if more else [])])


def before_adding(table: LookupTable, user: User, releases: str) -> str:
    """Return what adding a row to a table does, as its approval rule has it. One query where it asks for somebody."""
    mine = as_actor(user).reference
    if table.approval == Approval.AT_ONCE and not table.binds(mine):
        return releases
    who = second_people(Right.APPROVE_TABLES, table.legal_entity, but=[mine])
    if table.binds(mine) or table.approval == Approval.ALWAYS:
        return f"proposes the row; {who} decides, and then it {releases}"
    limit = f"{(table.approval_column or '').replace('_', ' ')} above {table.approval_amount:,.2f}"
    return f"{releases}; a row with {limit} is proposed, and {who} decides first"


def now(item: WorkItem, rows_by: Collection[str], table: LookupTable | None) -> str:
    """Return who decides about an item that waits for approval, "" for one that does not. One query."""
    if item.state != State.PENDING_APPROVAL:
        return ""
    if rows_by and table is not None:
        return second_people(Right.APPROVE_TABLES, table.legal_entity, but=rows_by)
    if item.category == Category.APPROVAL_MISSING and not item.table:
        return second_people(Right.APPROVE, item.legal_entity, but=[])
    return ""
