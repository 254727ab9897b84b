"""Delete a lookup table: at once, or once a second person agrees where its rows want one.

A deleted table stays with its rows, which explain what was posted: its page, its history and a resubmission "as then"
read them still. Its name is free, and no formula finds it any more. Nothing is deleted that a mapping in force reads, a
formula of a route, or the order of exceptions.
"""

from django.db import transaction
from django.utils import timezone

from governance import audit
from governance.actor import By, as_actor
from governance.rights import Right, require, require_other_person
from governance.same_person import makers
from mappings import table_readers
from mappings.locking import locked
from mappings.models import Approval, LookupTable, Mapping
from mappings.tables import were_refused


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


def _asked_by(row: LookupTable) -> str:
    if row.deletion_asked_by is None:
        raise CannotDelete(f"That {row} is deleted does not wait for anybody any more. Load the table again.")
    return row.deletion_asked_by


def _refuse_use(row: LookupTable, by: By) -> None:
    words = [*_mappings_told(row, by), *_others_told(row, by)]
    if words:
        raise CannotDelete(f"{row} cannot be deleted: {' '.join(words)}")


def _mappings_told(row: LookupTable, by: By) -> list[str]:
    used = table_readers.mappings_reading(row)
    if not used:
        return []
    seen = set(Mapping.objects.visible_to(by).filter(pk__in=[each.pk for each, _ in used]).values_list("pk", flat=True))
    told = [f"{each} (version {version.number}, {version.get_state_display().lower()})"
            for each, version in used if each.pk in seen]  # fmt: skip
    hidden = len({each.pk for each, _ in used} - seen)
    told += [f"{hidden} of companies that you may not see"] if hidden else []
    return [f"mappings read it: {', '.join(told)}. Publish versions of them that do without it first."]


def _others_told(row: LookupTable, by: By) -> list[str]:
    told, hidden = table_readers.visible(table_readers.others(row), by)
    words = [f"{each.title} reads it. {each.remedy}" for each in told]
    return words + ([f"{hidden} routes of companies that you may not see read it."] if hidden else [])


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
