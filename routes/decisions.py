"""What people decide about stopped work: resubmit, waive, approve, and say what became of a blind write."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction

from canonical.failure import Category
from canonical.problem import Problem
from connectors.outcome import Result, WriteOutcome
from governance import audit
from governance.actor import By, as_actor
from governance.models import Version
from governance.rights import Right, require, require_other_person
from routes import claims, failures, heads, ledger, linking, outcomes, reprocess, shipments, stops, submitters
from routes.chosen_configuration import ONCE_IN_FORCE, Configuration, in_words, right_to_send
from routes.models import Effect, Failure, Transaction
from routes.plan import NotReadyToRun
from routes.states import NOT_YET_DELIVERING, State, move, write_record_moves
from routes.worked_out import Start


def _require_for(ids: Sequence[UUID], right: Right, by: By) -> list[Transaction]:
    """Return the transactions; raise NotAllowed unless the right is there in each one's legal entity."""
    rows = list(Transaction.objects.filter(pk__in=ids))
    for entity in {row.legal_entity_id for row in rows}:
        require(by, right, entity)
    return rows


def resubmit(
    ids: Sequence[UUID], *, by: By, reason: str, configuration: Configuration = "now", start: Start = Start.SOURCE
) -> list[UUID]:
    """Send stopped transactions through again, from their stored bodies; return those that went on.

    What was waived is taken up once more, unless a newer version has come since. Raises governance.rights.NotAllowed,
    and ValueError for a version that was never in force: a draft is only tried.
    """
    if isinstance(configuration, Version) and configuration.state not in ONCE_IN_FORCE:
        raise ValueError(f"Version {configuration.number} of “{configuration.object_key}” was never published.")
    with transaction.atomic():
        rows = _require_for(ids, Right.RESUBMIT, by)
        _require_for(ids, right_to_send(configuration), by)
        waived = [row.pk for row in rows if row.state == State.WAIVED]
        heads.take_up(waived)
        went_on = reprocess.transactions(
            ids, by=by, reason=reason or "resubmitted", how="fixed", configuration=configuration, start=start
        )
        heads.leave(waived)
        _audit(rows, set(went_on), by=by, verb="resubmit", reason=f"{in_words(configuration)}{reason}")
    return went_on


def take_up(ids: Sequence[UUID], *, by: By, reason: str, why: str) -> list[UUID]:
    """Take waived transactions up once more and send nothing of them: they are held, for `why`; return those.

    Left alone is that of which a newer version has come. Raises governance.rights.NotAllowed.
    """
    with transaction.atomic():
        rows = _require_for(ids, Right.RESUBMIT, by)
        meant = [row.pk for row in rows if row.state == State.WAIVED]
        heads.take_up(meant)
        reprocess.transactions(meant, by=by, reason=reason, how="fixed", held_for=why)
        heads.leave(meant)
        held = set(Transaction.objects.filter(pk__in=meant, state=State.HELD).values_list("pk", flat=True))
        _audit(rows, held, by=by, verb="take_up", reason=reason)
    return list(held)


def waive(ids: Sequence[UUID], *, by: By, reason: str) -> list[UUID]:
    """Decide that stopped transactions are not delivered; return those that were waived.

    A write in doubt is not waived: somebody must say first whether it happened. Raises governance.rights.NotAllowed,
    and ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("A waiver needs a reason. Say why this will not be delivered.")
    with transaction.atomic():
        rows = _require_for(ids, Right.WAIVE, by)
        held = heads.lock_of(ids)
        in_doubt = set(_with_open_effect(ids))
        free = [id_ for id_ in ids if id_ not in in_doubt]
        stopped = [s for s in NOT_YET_DELIVERING if s not in (State.RECEIVED,)]
        waived = move(free, frm=stopped, to=State.WAIVED, by=as_actor(by), reason=reason)
        failures.close(transactions=waived, how="waived")
        heads.forget_waits(waived)
        _leave_heads([held[id_] for id_ in waived if id_ in held])
        _audit(rows, set(waived), by=by, verb="waive", reason=reason)
    return waived


def waive_records(ids: Sequence[UUID], *, by: By, reason: str) -> list[UUID]:
    """Decide that records that failed before a destination was chosen are not delivered."""
    if not reason.strip():
        raise ValueError("A waiver needs a reason. Say why this will not be delivered.")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT legal_entity_id FROM routes_record WHERE id = ANY(%s)", [list(ids)])
        for (entity,) in cursor.fetchall():
            require(by, Right.WAIVE, entity)
        cursor.execute(
            "UPDATE routes_record SET state = 'waived' WHERE id = ANY(%s) AND state = 'failed'"
            " RETURNING id, key, legal_entity_id",
            [list(ids)],
        )
        found = cursor.fetchall()
        waived = [row[0] for row in found]
        write_record_moves(waived, "failed", "waived", by=as_actor(by), reason=reason)
        failures.close(records=waived, how="waived")
        audit.record_all(
            [
                audit.entry_of(
                    by=by, verb="waive", thing=("record", str(id_), key), reason=reason, legal_entity=entity, channel=""
                )
                for id_, key, entity in found
            ]
        )
    return waived


def approve(ids: Sequence[UUID], *, by: By, reason: str) -> list[UUID]:
    """Release transactions that were held for a second person; return those that go on.

    What is held because a table's row waits has no bytes that could be approved: it is checked again, and goes on if
    the row counts by now. What waits for something else is left alone: its destination is switched off, or what was
    posted was taken back and somebody has to say what becomes of it. Raises governance.rights.NotAllowed; whoever
    corrected a field of the record cannot approve it, nor can the person whose time it is.
    """
    with transaction.atomic():
        rows = _require_for(ids, Right.APPROVE, by)
        held = heads.lock_of(ids)
        # Asked under the lock: a correction that is just being sent again has committed by now.
        records = submitters.of_transactions(ids)
        require_other_person(by, *submitters.correctors(records), thing="This transaction")
        submitters.refuse(by, records)
        complete, without_bytes = _held(ids)
        approved = move(complete, frm=State.HELD, to=State.READY, by=as_actor(by), reason=reason or "approved")
        failures.close(transactions=approved, how="fixed")
        heads.forget_waits(approved)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE routes_keyhead SET due_at = greatest((SELECT hub_now()), quiet_until) WHERE id = ANY(%s)",
                [[held[id_] for id_ in approved if id_ in held]],
            )
        approved += reprocess.transactions(without_bytes, by=by, reason=reason or "checked again", how="fixed")
        _audit(rows, set(approved), by=by, verb="approve", reason=reason)
    return approved


HELD_FOR_CONSENT = """
SELECT t.id, t.withdraws OR t.request_payload_id IS NOT NULL FROM routes_transaction t
WHERE t.id = ANY(%s) AND t.state = 'held'
  AND NOT EXISTS (SELECT FROM routes_wait w WHERE w.transaction_id = t.id AND w.kind = 'switch')
  AND NOT EXISTS (
    SELECT FROM routes_failure f WHERE f.transaction_id = t.id AND f.closed_at IS NULL AND f.category = %s)
"""


def _held(ids: Sequence[UUID]) -> tuple[list[UUID], list[UUID]]:
    """Return which held transactions are complete, so that only the approval is missing, and which have no bytes."""
    with connection.cursor() as cursor:
        cursor.execute(HELD_FOR_CONSENT, [list(ids), Category.QUESTIONED.value])
        found = cursor.fetchall()
    return [id_ for id_, complete in found if complete], [id_ for id_, complete in found if not complete]


def it_happened(id_: UUID, *, by: By, reference: str, reason: str, external_id: str = "") -> bool:
    """Say of a write in doubt that it was carried out; return whether that settled it.

    It settles what the target's own answer would have settled: after a reversal nothing stands there any more, and a
    version that is still wanted is posted anew. The number that people see is no id: without one the hub keeps none.
    Raises linking.NotToLink where what was found stands for another key.
    """
    with transaction.atomic():
        [row] = _require_for([id_], Right.RESUBMIT, by)
        heads.lock_of([id_])
        in_doubt = [c for c in claims.held([id_]) if c.effect is not None and c.effect.state == "unknown"]
        if not in_doubt:
            return False
        [claim] = in_doubt
        destination = shipments.destination_of(claim)
        shipment = shipments.again(destination.connection_id, claim, destination)
        if shipment.intent.operation in shipments.CHANGES:
            external_id = claim.live_external_id or external_id  # a change leaves the record the id that it has there
        else:
            linking.refuse_taken(claim, destination.connection_id, external_id, reference)
        said = WriteOutcome(
            Result.CONFIRMED, external_id=external_id, reference=reference or external_id, message=reason.strip()
        )
        if not outcomes.confirmed(destination, [(shipment, said)], by=as_actor(by), how="fixed"):
            return False
        _audit([row], {id_}, by=by, verb="confirm", reason=f"{reason} {reference or external_id}".strip())
        return True


def it_did_not_happen(id_: UUID, *, by: By, reason: str) -> list[UUID] | None:
    """Say of a write in doubt that the target does not have it, and send it again; return what went on.

    None where it is no longer in doubt. What stops again stops for a reason of its own, and is in doubt no more.
    """
    with transaction.atomic():
        [row] = _require_for([id_], Right.RESUBMIT, by)
        heads.lock_of([id_])
        effects = list(_with_open_effect([id_]).values())
        if not effects or not ledger.refuse(effects, [f"looked up by {as_actor(by).name}: not there"], owner=None):
            return None
        move([id_], frm=State.UNKNOWN, to=State.FAILED, by=as_actor(by), reason=reason or "looked up: not there")
        went_on, told = _sent_again(id_, by=by, reason=reason or "looked up: not there")
        if not went_on:
            _no_longer_in_doubt(row, told)
        _audit([row], {id_}, by=by, verb="resubmit", reason=reason)
        return went_on


NOWHERE = "its route sends nothing there any more."


def _sent_again(id_: UUID, *, by: By, reason: str) -> tuple[list[UUID], str]:
    """Return what went on, and why a route did not let it."""
    try:
        with transaction.atomic():
            return reprocess.transactions([id_], by=by, reason=reason, how="fixed"), NOWHERE
    except NotReadyToRun as error:
        return [], str(error)


def _no_longer_in_doubt(row: Transaction, why: str) -> None:
    """Let what could not even be worked out again stand as that, where it stood as in doubt."""
    doubts = Failure.objects.filter(transaction_id=row.pk, closed_at=None, category=Category.OUTCOME_UNKNOWN)
    if not doubts.exists():
        return
    failures.close(transactions=[row.pk], how="fixed")
    told = f"It was looked up at the target and is not there. It was not sent again: {why}"
    destination = row.destination
    trouble = failures.Trouble(
        row.legal_entity_id, destination.route_id, "deliver", Problem("error", Category.CONFIGURATION, "", None, told),
        record=row.record_id, transaction=row.pk, connection_id=destination.connection_id, amount=row.amount,
        currency=row.currency, hours=row.hours,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        failures.write_down([trouble], at=cursor.fetchone()[0])


def takes_back(ids: Sequence[UUID]) -> bool:
    """Tell whether the write in doubt of any of these transactions is a reversal."""
    linked = Effect.objects.filter(pk__in=_with_open_effect(ids).values(), state="unknown")
    return any(stops.undoes(operation) for operation in linked.values_list("operation", flat=True))


def _with_open_effect(ids: Sequence[UUID]) -> dict[UUID, UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.transaction_id, e.id FROM routes_effectlink l JOIN routes_effect e ON e.id = l.effect_id"
            " WHERE l.transaction_id = ANY(%s) AND e.state IN ('sent', 'unknown')",
            [list(ids)],
        )
        return dict(cursor.fetchall())


def _leave_heads(ids: Sequence[int]) -> None:
    heads.drop_intended(ids, "a person decided that it is not delivered")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_keyhead SET transaction_id = NULL, due_at = NULL, lease_owner = NULL WHERE id = ANY(%s)",
            [list(ids)],
        )
    heads.promote(ids)


def _audit(rows: Sequence[Transaction], changed: set[UUID], *, by: By, verb: str, reason: str) -> None:
    audit.record_all(
        [
            audit.entry_of(
                by=by, verb=verb, thing=("transaction", str(row.pk), row.key), before={"state": row.state},
                reason=reason, legal_entity=row.legal_entity_id, channel="",
            )
            for row in rows
            if row.pk in changed
        ]
    )  # fmt: skip


__all__ = ["approve", "it_did_not_happen", "it_happened", "resubmit", "take_up", "takes_back", "waive", "waive_records"]
