"""What of the items goes into a sheet: in the words that somebody may read."""

from decimal import Decimal

from django.utils import timezone

from exceptions_queue.models import State
from exceptions_queue.pages.items import MOST_EXPORTED, Row, ordered, rows_of
from exceptions_queue.query.words import understood, without_persons
from exceptions_queue.sheets.writing import FORMS, Cell, written
from exceptions_queue.verbs.members import NotPossible
from governance import audit
from governance.models import User

HEADS = (
    "No.", "What is wrong", "About", "Kind", "Company", "State", "Waits for", "Amount", "Currency", "Further amounts",
    "Of unknown amount", "Worth", "Worth in", "Due", "Blocks", "Priority", "Holds", "Hours", "Since", "Last seen",
    "Looks at it first", "Works on it", "Tags", "Came back", "Ended",
)  # fmt: skip


def export(*, by: User, line: str, sort: str = "", form: str = "csv") -> tuple[bytes, int, bool]:
    """Return a sheet of what a line means to somebody, how many lines it has, and whether there are further ones.

    At most MOST_EXPORTED lines. Raises NotPossible for a line that is not understood.
    """
    if form not in FORMS:
        raise NotPossible(f"“{form}” is no form of a sheet. Choose one of {', '.join(FORMS)}.")
    found = understood(line, timezone.now())
    if found.wrong:
        raise NotPossible(str(found.wrong[0]))
    items = list(ordered(found, by, sort).prefetch_related("tags")[: MOST_EXPORTED + 1])
    more, items = len(items) > MOST_EXPORTED, items[:MOST_EXPORTED]
    sheet = written(form, HEADS, (_cells(row) for row in rows_of(items, by)))
    audit.record(
        by=by, verb="export", thing=("exceptions_queue.workitem", "", "exceptions"),
        after={"line": without_persons(line), "lines": len(items), "form": form},
    )  # fmt: skip
    return sheet, len(items), more


def _cells(row: Row) -> list[Cell]:
    item = row.item
    sums = sorted(item.amounts.all(), key=lambda each: each.amount, reverse=True)
    largest = sums[0] if sums else None
    return [
        item.number, row.title, row.about, row.kind, item.legal_entity.code, State(item.state).label, row.waits_for,
        short(largest.amount) if largest else None, largest.currency if largest else "",
        "; ".join(f"{short(each.amount):f} {each.currency}" for each in sums[1:]), item.without_amount,
        None if item.worth is None else short(item.worth), item.worth_currency,
        f"{item.due_at:%Y-%m-%d %H:%M}" if item.due_at else "", row.due_of, item.priority,
        item.members if item.is_open else item.seen, None if item.hours is None else short(item.hours),
        f"{item.first_seen:%Y-%m-%d %H:%M}", f"{item.last_seen:%Y-%m-%d %H:%M}", item.owner,
        row.assignee, ", ".join(sorted(each.name for each in item.tags.all())), item.reopened,
        item.get_resolution_display() if item.resolution else "",
    ]  # fmt: skip


def short(amount: Decimal) -> Decimal:
    """Return an amount with cents, and with smaller parts only where there are some."""
    places = max(2, -int(amount.normalize().as_tuple().exponent))
    return amount.quantize(Decimal(1).scaleb(-places))
