"""Taking back what is posted because a person asks, not because the source has changed.

A reversal is a transaction like any other that takes back: it holds the head of its key, its effect is written down,
sent, asked after and settled by the same machinery. One row names the effect that it undoes, so that nothing is taken
back twice. What the record becomes afterwards is a transaction, too: its follower waits behind the reversal, and goes
on only where a person says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from canonical.failure import Category
from canonical.problem import Problem
from connectors.manifest.stream import UNDONE
from connectors.registry import UnknownConnector
from governance import audit
from governance.actor import ENGINE, By, as_actor
from governance.identifiers import new_id
from governance.rights import Right, require
from routes import failures, nudges, periods, reprocess
from routes.bulk import array, arrays
from routes.models import Destination, Reversal, Transaction
from routes.plan import NotReadyToRun, current, plan
from routes.states import ASIDE, AWAY, State, move
from routes.systems import write_facts

DIFFERENCE = "by a further posting of the opposite amounts"
UNTOLD = "by its own way of taking something back"


class NotToReverse(ValueError):  # reads as what happened
    """It cannot be taken back; the message says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class Stands:
    """What stands at a target under the key of a transaction, and how it would be taken back."""

    transaction: UUID  # that was asked about: what stands is its own, or of an earlier version
    live: UUID
    effect: UUID
    head: int
    key: str
    destination: str
    system: str
    reference: str
    amount: Decimal | None
    currency: str
    hours: Decimal | None
    undone: str  # in words: "by a credit note"; "" where it cannot be taken back
    lane: tuple[int, str, str]  # connection, lane, stream
    holder: UUID | None  # the transaction that holds the key's head
    holder_state: str
    asked_by: str  # who has asked for it already
    taking_back: bool  # what holds the head takes it back
    in_doubt: bool  # something is written there just now, or nobody knows whether it was
    closed: bool = False  # it lies in a period that is closed by now
    opens: tuple[date, date] | None = None  # the next open period, where one is known


STANDS = """
SELECT t.id, l.id, h.live_effect_id, h.id, h.key, d.name, c.name, coalesce(nullif(e.reference, ''), e.external_id, ''),
       l.amount, l.currency, l.hours, d.correction, c.connector, h.connection_id, h.lane, h.object, h.transaction_id,
       coalesce(w.state, ''), coalesce(v.made_by_name, ''), coalesce(w.withdraws, false), EXISTS (
           SELECT FROM routes_effect o WHERE o.connection_id = h.connection_id AND o.object = h.object
               AND o.key = h.key AND o.state IN ('intended', 'sent', 'unknown'))
FROM routes_transaction t
JOIN routes_destination d ON d.id = t.destination_id
JOIN connectors_connection c ON c.id = d.connection_id
JOIN routes_keyhead h ON h.connection_id = d.connection_id AND h.object = d.stream AND h.key = t.key
JOIN routes_transaction l ON l.id = h.live_transaction_id AND l.destination_id = t.destination_id
    AND l.legal_entity_id = t.legal_entity_id
JOIN routes_effect e ON e.id = h.live_effect_id
LEFT JOIN routes_transaction w ON w.id = h.transaction_id
LEFT JOIN routes_reversal v ON v.effect_id = h.live_effect_id AND NOT EXISTS (
    SELECT FROM routes_transaction g WHERE g.id = v.transaction_id AND g.state IN ('waived', 'superseded'))
WHERE t.id = ANY(%s::uuid[]) ORDER BY h.connection_id, h.object, h.key, t.id
"""


def standing_of(ids: Sequence[UUID], *, lock: bool = False) -> dict[UUID, Stands]:
    """Return what stands at the target for transactions, by their ids; those for which nothing stands are left out.

    One query, and two for the periods of destinations that have some.
    """
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(STANDS + (" FOR UPDATE OF h" if lock else ""), [array(ids)])
        found = {row[0]: _stands(*row) for row in cursor.fetchall()}
    live = [each.live for each in found.values()]
    closed = periods.locked([(each, each) for each in live])
    offers = periods.offers(list(closed)) if closed else {}
    return {id_: _in_period(each, closed, offers) for id_, each in found.items()}


def _stands(
    transaction_id: UUID, live: UUID, effect: UUID, head: int, key: str, destination: str, system: str, reference: str,
    amount: Decimal | None, currency: str, hours: Decimal | None, correction: str, connector: str, *rest: Any,
) -> Stands:  # fmt: skip
    connection_id, lane, stream, holder, state, asked_by, taking_back, in_doubt = rest
    return Stands(
        transaction_id, live, effect, head, key, destination, system, reference, amount, currency, hours,
        _undone(connector, stream, correction), (connection_id, lane, stream), holder, state, asked_by, taking_back,
        in_doubt,
    )  # fmt: skip


def _undone(connector: str, stream: str, correction: str) -> str:
    """Return in words how a target takes something back; "" where it has no way that we know."""
    if correction == "delta":
        return DIFFERENCE
    try:
        facts = write_facts(connector, stream)
    except (UnknownConnector, KeyError):
        return ""
    return UNDONE.get(facts.undone_by, UNTOLD) if facts.reverses else ""


def _in_period(each: Stands, closed: set[UUID], offers: Mapping[UUID, periods.Offer]) -> Stands:
    if each.live not in closed:
        return each
    offer = offers.get(each.live)
    opens = (offer.starts_on, offer.ends_on) if offer else None
    names = (name for name in Stands.__slots__ if name not in ("closed", "opens"))
    return Stands(**{name: getattr(each, name) for name in names}, closed=True, opens=opens)


def refusal(found: Stands) -> str:
    """Return why something cannot be taken back by a person now, and what to do instead; "" where it can."""
    what = f"{found.key}{f' ({found.reference})' if found.reference else ''}"
    if found.asked_by:
        return f"{found.asked_by} has asked already that {what} is taken back. Follow it on its own page."
    if not found.undone:
        return (
            f"{found.system} has no way of its own by which the hub could take {what} back. Correct it there, for "
            "example by a credit note, and then close this with what you did."
        )
    if found.taking_back:
        return f"{what} is being taken back already, and that has stopped: see to the exception that says why."
    if found.in_doubt or (found.holder is not None and found.holder_state not in ASIDE):
        return f"Another version of {what} is on its way to {found.system}. Wait until that has ended, then look again."
    return ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked to be taken back: the reversal, and what follows it."""

    transaction: UUID  # that was meant
    reversal: UUID
    follower: UUID
    made: bool  # the follower is new; else it is the stopped version that was there


@transaction.atomic
def ask(ids: Sequence[UUID], *, by: By, reason: str, sends: bool) -> list[Asked]:
    """Take back what stands at the target for these transactions; return what was asked for.

    With `sends` the record is worked out and posted anew once that is done; else its follower is held until a person
    sends it or decides that it is not delivered. All or none: raises NotAllowed, ValueError without a reason, and
    NotToReverse.
    """
    if not reason.strip():
        raise ValueError("A reversal needs a reason. Say why what is posted is taken back.")
    rows = {row.pk: row for row in Transaction.objects.filter(pk__in=ids)}
    for entity in {row.legal_entity_id for row in rows.values()}:
        require(by, Right.REVERSE, entity)
    found = standing_of(ids, lock=True)
    if missing := [row.key for id_, row in rows.items() if id_ not in found]:
        raise NotToReverse(f"Nothing of {missing[0]} stands at the target, so there is nothing to take back.")
    if told := next(filter(None, (refusal(each) for each in found.values())), ""):
        raise NotToReverse(told)
    one_each = {each.effect: each for each in found.values()}
    live = {row.pk: row for row in Transaction.objects.filter(pk__in=[each.live for each in one_each.values()])}
    with_ = {id_: _snapshot(id_) for id_ in {row.destination_id for row in live.values()}}
    made: dict[UUID, Asked] = {}
    for effect, each in one_each.items():
        row = live[each.live]
        snapshot = with_[row.destination_id] or row.snapshot_id
        made[effect] = _ask(each, row, by=by, reason=reason.strip(), sends=sends, snapshot=snapshot)
    asked = [replace(made[each.effect], transaction=id_) for id_, each in found.items()]
    _hand_over(asked, reason.strip())
    if sends:
        reprocess.transactions([each.follower for each in asked], by=by, reason=f"sent anew: {reason}", how="fixed")
    for lane in {each.lane for each in one_each.values()}:
        nudges.delivery(*lane)
    return asked


def _ask(found: Stands, live: Transaction, *, by: By, reason: str, sends: bool, snapshot: int) -> Asked:
    """Make the reversal and its follower, in the caller's commit, which holds the head."""
    actor = as_actor(by)
    reversal, version = new_id(), _newest(found.head, live)
    _insert(live, reversal, version, withdraws=True, snapshot=snapshot)
    for old, new in ((State.RECEIVED, State.NORMALISED), (State.NORMALISED, State.VALIDATED)):
        move([reversal], frm=old, to=new, by=actor, reason=reason)
    move([reversal], frm=State.VALIDATED, to=State.READY, by=actor, reason=f"asked to be taken back: {reason}")
    follower = found.holder or new_id()
    if found.holder is None:
        _insert(live, follower, version, withdraws=False, snapshot=live.snapshot_id)
        move(
            [follower], frm=State.RECEIVED, to=State.HELD, by=actor, return_to=State.NORMALISED,
            reason=f"what is posted is taken back, and it waits for a person: {reason}",
        )  # fmt: skip
    _give_up(found.effect)
    try:
        with transaction.atomic():
            Reversal.objects.create(
                transaction_id=reversal, legal_entity_id=live.legal_entity_id, effect_id=found.effect,
                reverses_id=live.pk, follower_id=follower, sends=sends, reason=reason, made_by=actor.reference,
                made_by_name=actor.name[:200], made_at=_now(),
            )  # fmt: skip
    except IntegrityError as error:
        raise NotToReverse(f"Somebody has asked already that {found.key} is taken back.") from error
    _hold_head(found.head, reversal, version)
    audit.record(
        by=by, verb="reverse", thing=("transaction", str(live.pk), live.key), before={"state": live.state},
        after={"reversal": str(reversal), "reference": found.reference, "sends": sends}, reason=reason,
        legal_entity=live.legal_entity_id,
    )  # fmt: skip
    return Asked(found.transaction, reversal, follower, found.holder is None)


def _give_up(effect: UUID) -> None:
    """Let a reversal that people have given up undo nothing any more; its head, which is locked, has no part in it."""
    given_up = Transaction.objects.filter(state__in=AWAY)
    Reversal.objects.filter(effect_id=effect, transaction_id__in=given_up.values("pk")).update(effect_id=None)


# The exception of what is taken back goes on with what follows it, under the same cause.
HAND_OVER = """
WITH closed AS (
    UPDATE routes_failure f SET closed_at = (SELECT hub_now()), closed_how = 'reversed', taken = false
    FROM unnest(%s::uuid[], %s::uuid[]) AS w(id, follower)
    WHERE f.transaction_id = w.id AND f.closed_at IS NULL RETURNING w.follower, f.*
), chosen AS (SELECT DISTINCT ON (follower) * FROM closed ORDER BY follower, opened_at DESC)
INSERT INTO routes_failure (legal_entity_id, route_id, record_id, transaction_id, run_id, connection_id, stage,
    category, fingerprint, own_fingerprint, fingerprint_version, earlier_fingerprints, field, rule, "table", table_key,
    value, accepted, message, hint, amount, currency, hours, opened_at, closed_how, taken)
SELECT legal_entity_id, route_id, record_id, follower, run_id, connection_id, stage, category, fingerprint,
    own_fingerprint, fingerprint_version, earlier_fingerprints, field, rule, "table", table_key, value, accepted,
    message, hint, amount, currency, hours, (SELECT hub_now()), '', false
FROM chosen RETURNING transaction_id
"""


def _hand_over(asked: Sequence[Asked], reason: str) -> None:
    """Let the open failures of what is taken back be those of its followers; each new follower has one."""
    new = {each.follower: each.transaction for each in asked if each.made}
    pairs = [(each.transaction, each.follower) for each in asked if each.made]
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(HAND_OVER, arrays(pairs, 2))
        had = {row[0] for row in cursor.fetchall()}
    left = Transaction.objects.filter(pk__in=new.keys() - had).select_related("destination")
    problem = Problem("error", Category.QUESTIONED, "", None, f"Taken back: {reason}")
    failures.write_down(
        [
            failures.Trouble(
                row.legal_entity_id, row.destination.route_id, "confirm", problem, record=row.record_id,
                transaction=row.pk, connection_id=row.destination.connection_id, amount=row.amount,
                currency=row.currency, hours=row.hours,
            )
            for row in left
        ],
        at=_now(),
    )  # fmt: skip


def _snapshot(destination_id: int) -> int:
    """Return the configuration that takes back at a destination now; 0 where only that of the posting can."""
    destination = Destination.objects.select_related("route").get(pk=destination_id)
    try:
        made = plan(current(destination.route).pk)
    except NotReadyToRun:
        return 0
    return made.snapshot_id if any(d.id == destination_id for d in made.destinations) else 0


def _newest(head: int, live: Transaction) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT greatest(seen_version, %s) FROM routes_keyhead WHERE id = %s", [live.version, head])
        return str(cursor.fetchone()[0])


INSERT = """
WITH made AS (
    INSERT INTO routes_transaction (id, record_id, run_id, destination_id, legal_entity_id, snapshot_id, key, version,
        "group", state, return_to, withdraws, attempts, waits_for, canonical_payload_id, correlation_id, amount,
        currency, hours, created_at)
    SELECT %(id)s, record_id, NULL, destination_id, legal_entity_id, %(snapshot)s, key, %(version)s, "group",
        'received', '', %(withdraws)s, 0, '', CASE WHEN %(withdraws)s THEN NULL ELSE canonical_payload_id END,
        correlation_id, amount, currency, hours, (SELECT hub_now())
    FROM routes_transaction WHERE id = %(live)s RETURNING id, created_at
)
INSERT INTO routes_transition (subject_id, from_state, to_state, at, actor_kind, actor, reason)
SELECT id, '', 'received', created_at, 'engine', %(actor)s, %(reason)s FROM made
"""


def _insert(live: Transaction, id_: UUID, version: str, *, withdraws: bool, snapshot: int) -> None:
    reason = "made to take back what is posted" if withdraws else "made to follow what is taken back"
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            {"id": id_, "live": live.pk, "version": version, "withdraws": withdraws, "snapshot": snapshot,
             "actor": ENGINE.name, "reason": reason},
        )  # fmt: skip


def _hold_head(head: int, reversal: UUID, version: str) -> None:
    """Let the reversal hold its key's head; whatever holds it now, or comes, waits behind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_keyhead SET transaction_id = %s, due_at = greatest((SELECT hub_now()), quiet_until),"
            " lease_owner = NULL, waiting = true, seen_version = %s WHERE id = %s",
            [reversal, version, head],
        )


def _now() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        return cursor.fetchone()[0]
