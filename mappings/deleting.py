"""Delete a lookup table: at once, or once a second person agrees where its rows want one.

A deleted table stays with its rows, which explain what was posted: its page, its history and a resubmission "as then"
read them still. Its name is free, and no formula finds it any more. Nothing that a mapping in force reads is deleted.
"""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance import audit
from governance.actor import By, as_actor
from governance.models import Version
from governance.models.version import State
from governance.rights import Right, require, require_other_person
from governance.same_person import makers
from mappings.compiled import compile_mapping
from mappings.formula.problems import MappingErrors
from mappings.locking import locked
from mappings.models import Approval, LookupTable, Mapping
from mappings.models.mapping import KIND
from mappings.tables import were_refused

BOUND = [State.APPROVED, State.PUBLISHED]  # what is in force, or may be any moment


class CannotDelete(ValueError):  # reads as what happened
    """A table cannot be deleted, or its deletion does not wait any more; the message says why and what to do."""


@transaction.atomic
def delete_table(table: LookupTable, *, by: By, reason: str) -> LookupTable:
    """Delete a table, or propose it where a second person has to agree: then `deleted_at` stays empty.

    Raises NotAllowed and CannotDelete.
    """
    row = locked(table)
    require(by, Right.EDIT_CONFIGURATION, row.legal_entity)
    _need_reason(reason, "Deleting a table")
    if row.deletion_asked_at is not None:
        raise CannotDelete(f"That {row} is deleted waits for a second person already. Load the table again.")
    _refuse_use(row, by)
    row.deletion_reason = reason
    if wants_second_person(row, by):
        row.deletion_asked_by, row.deletion_asked_at = as_actor(by).reference, timezone.now()
        row.save()
        audit.record(by=by, verb="propose_deletion", thing=row, reason=reason, legal_entity=row.legal_entity)
        return row
    return _deleted(row, by, reason)


@transaction.atomic
def agree_to_deletion(table: LookupTable, *, by: By, reason: str = "") -> LookupTable:
    """Give the second person's consent to a deletion that waits; the table is gone then.

    Raises NotAllowed, also for whoever proposed it or has loosened the table's approval, and CannotDelete.
    """
    row = locked(table)
    require(by, Right.APPROVE_TABLES, row.legal_entity)
    asked = makers((_asked_by(row), row.deletion_asked_at))
    require_other_person(by, *asked, *row.loosened_by, thing=f"The deletion of {row}")
    _refuse_use(row, by)
    return _deleted(row, by, reason)


@transaction.atomic
def keep_table(table: LookupTable, *, by: By, reason: str) -> LookupTable:
    """Refuse a deletion that waits, or take back one's own; the table stays. Raises NotAllowed and CannotDelete."""
    row = locked(table)
    mine = row.deletion_asked_by == as_actor(by).reference
    require(by, Right.EDIT_CONFIGURATION if mine else Right.APPROVE_TABLES, row.legal_entity)
    _asked_by(row)
    _need_reason(reason, "Keeping a table")
    row.deletion_asked_by, row.deletion_asked_at, row.deletion_reason = None, None, ""
    row.save()
    audit.record(by=by, verb="keep_table", thing=row, reason=reason, legal_entity=row.legal_entity)
    return row


def wants_second_person(table: LookupTable, by: By) -> bool:
    """Tell whether taking this table's rows out of force takes two, as adding them does."""
    rows = table.rows.in_force()
    if table.approval == Approval.ABOVE_AMOUNT or table.binds(as_actor(by).reference):
        return rows.exists()
    return table.approval == Approval.ALWAYS and rows.exists()


def readers(table: LookupTable) -> list[tuple[Mapping, Version]]:
    """Return the mappings with a version in force, or approved, that reads a table's name for its legal entity."""
    mappings = Mapping.objects.all()
    if table.legal_entity_id is not None:
        mappings = mappings.filter(Q(legal_entity=None) | Q(legal_entity=table.legal_entity_id))
    found = {each.key: each for each in mappings.select_related("legal_entity")}
    versions = Version.objects.filter(kind=KIND, object_key__in=found, state__in=BOUND).order_by("object_key", "number")
    return [(found[each.object_key], each) for each in versions if _reads(each, table.name)]


def _reads(version: Version, name: str) -> bool:
    try:
        sources = compile_mapping(version.content).sources
    except MappingErrors:  # one of an older release: it reads what it names
        return f'"{name}' in str(version.content)
    return any(each.kind == "lookup" and each.name == name for each in sources)


def _asked_by(row: LookupTable) -> str:
    if row.deletion_asked_by is None:
        raise CannotDelete(f"That {row} is deleted does not wait for anybody any more. Load the table again.")
    return row.deletion_asked_by


def _refuse_use(row: LookupTable, by: By) -> None:
    used = readers(row)
    if not used:
        return
    seen = set(Mapping.objects.visible_to(by).filter(pk__in=[each.pk for each, _ in used]).values_list("pk", flat=True))
    told = [f"{each} (version {version.number}, {version.get_state_display().lower()})"
            for each, version in used if each.pk in seen]  # fmt: skip
    hidden = len({each.pk for each, _ in used} - seen)
    told += [f"{hidden} of companies that you may not see"] if hidden else []
    raise CannotDelete(
        f"{row} cannot be deleted: mappings read it: {', '.join(told)}. "
        "Publish versions of them that do without it first."
    )


def _deleted(row: LookupTable, by: By, reason: str) -> LookupTable:
    now, actor = timezone.now(), as_actor(by).reference
    waited = [each.words for each in row.rows.waiting()]
    ended = row.rows.filter(recorded_to=None).update(recorded_to=now, ended_by=actor)
    row.deleted_by, row.deleted_at = actor, now
    row.save()
    if waited:
        why = f"{row} was deleted: {reason or row.deletion_reason}"
        were_refused.send(sender=LookupTable, table=row, keys=waited, by=by, reason=why)
    before = {"name": row.name, "rows": ended}
    audit.record(
        by=by, verb="delete", thing=row, before=before, reason=reason or row.deletion_reason,
        legal_entity=row.legal_entity,
    )  # fmt: skip
    return row


def _need_reason(reason: str, what: str) -> None:
    if not reason.strip():
        raise CannotDelete(f"{what} needs a reason. Write one sentence for those who read this later.")
