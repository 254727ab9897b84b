"""Write cross-references in sets, and tell who waits for them.

Rows are locked in the order of their keys, so two batches that write the same ones cannot deadlock.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction
from django.dispatch import Signal

from governance import audit
from governance.actor import ActorKind, By, as_actor
from governance.models import AuditEntry
from governance.rights import Right, require
from governance.scoping import ALL, entity_ids
from mappings.models import CrossReference

became_known = Signal()  # sender=CrossReference, references=list[NewReference]: what is parked for them may go on

UPSERT = """
INSERT INTO mappings_crossreference
    (entity, connection_id, legal_entity_id, canonical_key, external_id, reference, recorded_at)
SELECT entity, connection_id, legal_entity_id, canonical_key, external_id, reference, now()
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[])
    AS given (entity, connection_id, legal_entity_id, canonical_key, external_id, reference)
ORDER BY connection_id, entity, canonical_key
ON CONFLICT (connection_id, entity, canonical_key) DO UPDATE
    SET external_id = excluded.external_id, reference = excluded.reference, recorded_at = excluded.recorded_at,
        legal_entity_id = CASE WHEN %s THEN excluded.legal_entity_id ELSE mappings_crossreference.legal_entity_id END
    WHERE (mappings_crossreference.external_id, mappings_crossreference.reference)
          IS DISTINCT FROM (excluded.external_id, excluded.reference)
       OR %s AND mappings_crossreference.legal_entity_id IS DISTINCT FROM excluded.legal_entity_id
RETURNING entity, connection_id, legal_entity_id, canonical_key, external_id, reference
"""
CONFLICTS = """
SELECT had.entity, had.external_id, had.canonical_key, given.canonical_key, had.legal_entity_id, given.legal_entity_id
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[])
    AS given (entity, connection_id, legal_entity_id, canonical_key, external_id, reference)
JOIN mappings_crossreference had USING (connection_id, entity, external_id)
WHERE had.canonical_key <> given.canonical_key
ORDER BY 1, 2 LIMIT 20
"""
OWNERS = """
SELECT DISTINCT had.legal_entity_id
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[])
    AS given (entity, connection_id, legal_entity_id, canonical_key, external_id, reference)
JOIN mappings_crossreference had USING (connection_id, entity, canonical_key)
"""
Conflict = tuple[str, str, str, str, int | None, int | None]  # as CONFLICTS gives it


@dataclass(frozen=True, slots=True, order=True)
class NewReference:
    """One record of ours and its id at a connection."""

    connection_id: int
    entity: str
    canonical_key: str
    external_id: str
    legal_entity_id: int | None = None
    reference: str = ""  # what people see there: a document number


class ReferenceConflict(ValueError):  # reads as what happened
    """An id of the other system already stands for another record of ours; nothing was written."""


@transaction.atomic
def upsert(references: Iterable[NewReference], *, by: By) -> list[NewReference]:
    """Write cross-references, and return those that are new or changed. Two queries, whatever their number.

    Raises ReferenceConflict where an external id stands for another record already, and NotAllowed, also where what
    stands in the place of one is of a company whose tables a person may not edit. What a person
    writes is audited row by row, and belongs to the company that they name from then on; what the engine writes is
    explained by the effect that it comes from, and stays where it is.
    """
    is_person = as_actor(by).kind is ActorKind.PERSON
    given = _distinct(references)
    for legal_entity_id in {each.legal_entity_id for each in given}:
        require(by, Right.EDIT_TABLES, legal_entity_id)
    columns = _columns(given)
    with connection.cursor() as cursor:
        if entity_ids(by, Right.EDIT_TABLES) is not ALL:
            cursor.execute(OWNERS, columns)  # what stands there already, unchanged too: else its id could be guessed
            for (owner,) in cursor.fetchall():
                require(by, Right.EDIT_TABLES, owner)
        cursor.execute(CONFLICTS, columns)
        _refuse(cursor.fetchall(), by)
        cursor.execute(UPSERT, [*columns, is_person, is_person])
        changed = [NewReference(at, entity, key, external, legal, reference)
                   for entity, at, legal, key, external, reference in cursor.fetchall()]  # fmt: skip
    for owner in {each.legal_entity_id for each in changed} - {each.legal_entity_id for each in given}:
        require(by, Right.EDIT_TABLES, owner)  # a row that another has written since; what was written is undone
    if is_person:
        audit.record_all([_entry(each, by) for each in changed])
    if changed:
        transaction.on_commit(lambda: became_known.send(sender=CrossReference, references=changed))
    return changed


class ReferenceGone(ValueError):  # reads as what happened
    """What was to be taken out does not stand there any more; the message says so."""


@transaction.atomic
def unlink(new: NewReference, *, by: By, reason: str) -> CrossReference:
    """Take a cross-reference out, where the id and the number are still those that were seen; return it as it stood.

    What is made for the record from then on waits until its id is known anew; nothing changes in the other system.
    Raises NotAllowed, ValueError without a reason, and ReferenceGone.
    """
    row = standing(new)
    if row is not None:
        require(by, Right.EDIT_TABLES, row.legal_entity)
    if row is None or (row.external_id, row.reference) != (new.external_id, new.reference):
        raise ReferenceGone("This does not stand there any more as you have seen it. Load the list again.")
    if not reason.strip():
        raise ValueError("Taking a cross-reference out needs a reason. Write one sentence for those who read it later.")
    thing = ("mappings.crossreference", f"{row.connection_id}/{row.entity}/{row.canonical_key}", row.canonical_key)
    before = {"external_id": row.external_id, "reference": row.reference}
    audit.record(by=by, verb="unlink", thing=thing, before=before, reason=reason, legal_entity=row.legal_entity)
    CrossReference.objects.filter(pk=row.pk).delete()
    return row


def standing(new: NewReference) -> CrossReference | None:
    """Return what stands in the place of a reference, kept from other persons until the commit; None: nothing."""
    place = f"{new.connection_id}/{new.entity}/{new.canonical_key}"
    with connection.cursor() as cursor:  # there may be no row yet to lock
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"reference {place}"])
    at = {"connection_id": new.connection_id, "entity": new.entity, "canonical_key": new.canonical_key}
    return CrossReference.objects.select_for_update(of=("self",)).select_related("legal_entity").filter(**at).first()


def _distinct(references: Iterable[NewReference]) -> list[NewReference]:
    by_key: dict[tuple[int, str, str], NewReference] = {}
    by_external: dict[tuple[int, str, str], str] = {}
    for each in references:
        other = by_external.setdefault((each.connection_id, each.entity, each.external_id), each.canonical_key)
        if other != each.canonical_key:
            raise _conflict([(each.entity, each.external_id, other, each.canonical_key)])
        by_key[each.connection_id, each.entity, each.canonical_key] = each  # the last one given counts
    return [by_key[key] for key in sorted(by_key)]


def _refuse(conflicts: list[Conflict], by: By) -> None:
    """Raise ReferenceConflict for what stands there; of another company's records nothing is named.

    What the engine says is kept, and read by those of the company that it writes for.
    """
    if not conflicts:
        return
    engine, seen = as_actor(by).kind is not ActorKind.PERSON, entity_ids(by, Right.VIEW)
    told = [
        (entity, external, had, given)
        for entity, external, had, given, owner, company in conflicts
        if (owner == company if engine else seen is ALL or owner in seen)
    ]
    if told:
        raise _conflict(told)
    raise ReferenceConflict(
        "An id that was given already stands for a record of another company. Look the id up in the other system; "
        "where it is right, ask somebody who edits the tables of all companies."
    )


def _conflict(told: list[tuple[str, str, str, str]]) -> ReferenceConflict:
    shown = "; ".join(f"{entity} {external} is {had}, not {given}" for entity, external, had, given in told)
    return ReferenceConflict(f"These ids already stand for other records: {shown}. Correct the older ones first.")


def _columns(given: list[NewReference]) -> list[list[object]]:
    return [
        [each.entity for each in given],
        [each.connection_id for each in given],
        [each.legal_entity_id for each in given],
        [each.canonical_key for each in given],
        [each.external_id for each in given],
        [each.reference for each in given],
    ]


def _entry(each: NewReference, by: By) -> AuditEntry:
    thing = ("mappings.crossreference", f"{each.connection_id}/{each.entity}/{each.canonical_key}", each.canonical_key)
    after = {"external_id": each.external_id, "reference": each.reference}
    return audit.entry_of(by=by, verb="link", thing=thing, after=after, legal_entity=each.legal_entity_id)
