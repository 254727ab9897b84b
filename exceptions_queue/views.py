"""The lists under a name: those that the hub brings, somebody's own, and those that are shared with them."""

from dataclasses import dataclass

from exceptions_queue import columns
from exceptions_queue.models import ListColumns, SavedView
from governance.models import User

SHIPPED: dict[str, tuple[str, str]] = {  # name in addresses → title and line
    "mine": ("My items", "is:open assignee:me"),
    "teams": ("My teams’ items", "is:open team:mine"),
    "unassigned": ("Unassigned in my companies", "is:open assignee:nobody"),
    "billing": ("Blocks the next billing run", "is:open is:billing"),
    "payroll": ("Blocks payroll", "is:open is:payroll"),
    "due": ("Due within 24 h, or late", "is:open due:<24h"),
    "others": ("Waiting on others", "is:waiting,pending-approval"),
    "mentioned": ("With a remark for me", "is:open is:mentioned"),
    "watched": ("Watched by me", "is:open is:watched"),
    "regressed": ("Regressed", "is:open is:regressed"),
    "high": ("High value", "is:open amount:>=10000"),
    "approvals": ("Needs my approval", "is:approvable"),
    "auto": ("Closed by themselves in the last 24 h", "is:auto resolved:<24h"),
    "corrections": ("Open corrections", "is:open has:correction"),
    "unknown": ("Unknown outcome", "is:open class:outcome-unknown"),
}


@dataclass(frozen=True, slots=True)
class View:
    """A list under a name, as a page offers it."""

    key: str  # in addresses
    name: str
    line: str
    sort: str = ""
    columns: str = ""
    company: str = ""  # code of the legal entity with whose people it is shared
    row: SavedView | None = None  # None: the hub brings it


def offered(user: User) -> list[View]:
    """Return the lists that somebody may choose: the hub's, their own, and those shared with them. One query."""
    rows = SavedView.objects.visible_to(user).select_related("legal_entity", "owner")
    shipped = [View(key, name, line) for key, (name, line) in SHIPPED.items()]
    return [*shipped, *(_shown(row) for row in rows)]


def _shown(row: SavedView) -> View:
    company = row.legal_entity.code if row.legal_entity else ""
    return View(str(row.pk), row.name, row.line, row.sort, row.columns, company, row)


def columns_of(user: User, view: View | None) -> tuple[str, ...]:
    """Return the columns that somebody sees of a list: their own choice for it, the list's, or their usual ones.

    One query.
    """
    key = view.key if view else ""
    chosen = dict(ListColumns.objects.filter(user=user, view__in={"", key}).values_list("view", "columns"))
    kept = (chosen.get(key) if view else None) or (view.columns if view else "") or chosen.get("", "")
    return columns.read(kept)


def choose_columns(user: User, view: View | None, names: list[str]) -> None:
    """Keep which columns somebody wants to see of a list, or of all lists without a choice of their own."""
    key = view.key if view else ""
    kept = columns.written(names)
    if not kept and not view:
        ListColumns.objects.filter(user=user, view="").delete()
        return
    ListColumns.objects.update_or_create(
        user=user, view=key, defaults={"columns": kept or ",".join(columns.USUAL)}
    )  # fmt: skip
