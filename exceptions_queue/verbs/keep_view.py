"""Keeping a list under a name, changing it, sharing it and throwing it away."""

from django.db import transaction
from django.utils import timezone

from canonical.masking import ADDRESS
from exceptions_queue import columns as known
from exceptions_queue.models.views import SavedView
from exceptions_queue.query.line import read
from exceptions_queue.query.words import understood, without_persons
from exceptions_queue.verbs.members import NotPossible, WrongValue
from governance import audit
from governance.actor import By, as_actor, names
from governance.models import LegalEntity, User
from governance.rights import NotAllowed, Right, allowed_anywhere, require

MOST = 100  # of one person, or of one legal entity


@transaction.atomic
def keep_view(
    *,
    by: By,
    name: str,
    line: str,
    sort: str = "",
    columns: str = "",
    legal_entity: LegalEntity | None = None,
) -> SavedView:
    """Keep a list for oneself, or share it with everybody who sees a legal entity.

    Raises NotAllowed; NotPossible for a name that is taken or empty, or a line that is not understood.
    """
    if legal_entity is None and not (isinstance(by, User) and allowed_anywhere(by, Right.VIEW)):
        raise NotAllowed("Only a person with a role keeps lists of their own. Ask an operator to give you a role.")
    if legal_entity is not None:
        require(by, Right.WORK_QUEUE, legal_entity)
    owner = by if legal_entity is None and isinstance(by, User) else None
    row = SavedView(owner=owner, legal_entity=legal_entity)
    if SavedView.objects.filter(owner=owner, legal_entity=legal_entity).count() >= MOST:
        raise NotPossible(f"There are {MOST} lists already. Throw one away that nobody needs any more.")
    return _keep(row, by=by, name=name, line=line, sort=sort, columns=columns, verb="create")


@transaction.atomic
def change_view(
    view: SavedView, *, by: By, seen: int, name: str, line: str, sort: str = "", columns: str = ""
) -> SavedView:
    """Let a list say something else. `seen` is the version that somebody looked at.

    Raises NotAllowed; NotPossible as `keep_view`, and when somebody else changed it since, saying who.
    """
    row = _locked(view, by, seen)
    row.version += 1
    return _keep(row, by=by, name=name, line=line, sort=sort, columns=columns, verb="change")


@transaction.atomic
def share_view(view: SavedView, *, by: By, seen: int, legal_entity: LegalEntity) -> SavedView:
    """Give a list of one's own to everybody who sees a legal entity: it is theirs from now on.

    Raises NotAllowed and NotPossible, as `change_view`.
    """
    require(by, Right.WORK_QUEUE, legal_entity)
    row = _locked(view, by, seen)
    row.version += 1
    row.owner, row.legal_entity = None, legal_entity
    return _keep(row, by=by, name=row.name, line=row.line, sort=row.sort, columns=row.columns, verb="share")


@transaction.atomic
def delete_view(view: SavedView, *, by: By, seen: int) -> None:
    """Throw a list away; what it shows stays. Raises NotAllowed, and NotPossible when it was changed since."""
    row = _locked(view, by, seen)
    audit.record(by=by, verb="delete", thing=row, before=_said(row), legal_entity=row.legal_entity_id)
    row.delete()


def may_change(view: SavedView, by: By) -> None:
    """Raise NotAllowed unless somebody may change a list: their own, or one shared where they work on items."""
    if view.legal_entity_id is not None:
        require(by, Right.WORK_QUEUE, view.legal_entity_id)
    elif view.owner != by:
        raise NotAllowed("This list is somebody else's own. Keep one of your own under another name.")


def _locked(view: SavedView, by: By, seen: int) -> SavedView:
    may_change(view, by)
    row = SavedView.objects.select_for_update(of=("self",)).select_related("owner", "legal_entity").filter(pk=view.pk)
    found = row.first()
    if found is None:
        raise NotPossible("Somebody has thrown this list away meanwhile. Keep it as a new one.")
    if found.version != seen:
        who = names([found.changed_by])[found.changed_by]
        raise NotPossible(
            f"{who} has changed “{found.name}” at {found.changed_at:%Y-%m-%d %H:%M} UTC: it says “{found.line}” now. "
            "Look at it, or keep yours as a new one."
        )
    return found


def _keep(row: SavedView, *, by: By, name: str, line: str, sort: str, columns: str, verb: str) -> SavedView:
    row.name = " ".join(name.split())
    if not row.name or len(row.name) > 60:
        raise WrongValue(
            "A list has a name of 1 to 60 characters. Write one.",
            at="name", accepted="1 to 60 characters",
        )  # fmt: skip
    same = SavedView.objects.filter(owner=row.owner, legal_entity=row.legal_entity, name__iexact=row.name)
    if same.exclude(pk=row.pk).exists():
        raise NotPossible(f"There is a list “{row.name}” already. Choose another name, or change that one.")
    wrong = understood(line, timezone.now()).wrong
    if wrong:
        raise WrongValue(
            f"The line is not understood, so it is not kept. {wrong[0]}",
            at="query", accepted="a line of the list",
        )  # fmt: skip
    if row.legal_entity_id is not None and (read(line).of("worker") or ADDRESS.search(f"{row.name} {line}")):
        raise NotPossible(
            "A list that is shared names no person, for not all who see it may. Leave “worker:” and addresses out."
        )
    if sort and sort not in known.SORTS:
        raise NotPossible(f"“{sort}” is no order of the list. Choose one of {', '.join(known.SORTS)}.")
    row.line, row.sort, row.columns = line, sort, known.written(columns.split(","))
    row.changed_by, row.changed_at = as_actor(by).reference, timezone.now()
    row.save()
    audit.record(by=by, verb=verb, thing=row, after=_said(row), legal_entity=row.legal_entity_id)
    return row


def _said(row: SavedView) -> dict[str, str]:
    return {"name": row.name, "line": without_persons(row.line), "sort": row.sort, "columns": row.columns}
