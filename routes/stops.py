"""Stopping: what cannot go on by itself is set aside, its head rests, and a failure says why, in words for people."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from django.db import connection as database

from canonical.failure import Category
from canonical.problem import Problem
from connectors.models import Connection
from connectors.outcome import Result, WriteOutcome
from governance.actor import ENGINE
from routes import evaluation, failures, heads, parents, periods, restatements, storing
from routes.bulk import copy_in
from routes.claims import Claim
from routes.plan import DestinationPlan, plan
from routes.shipments import groups_others
from routes.states import State, move


def stop(connection: Connection, stopped: Sequence[tuple[Claim, DestinationPlan, WriteOutcome]]) -> None:
    """Hand transactions to people: parked for a parent, held for a period or approval, failed for the rest."""
    missed = parents.missed(connection, stopped)
    aside: dict[State, list[tuple[Claim, DestinationPlan, WriteOutcome]]] = {}
    for claim, destination, answer in stopped:
        state = State.PARKED if claim.transaction in missed else _where_to(answer)
        aside.setdefault(state, []).append((claim, destination, answer))
    for state, members in aside.items():
        certain = [State.DELIVERING, State.RETRYING]  # what is in doubt is never parked: it may be there
        moved = set(
            move(
                [c.transaction for c, _, _ in members],
                frm=certain if state is State.PARKED else [*certain, State.UNKNOWN], to=state,
                by=ENGINE, reason=[a.message or "stopped" for _, _, a in members],
                return_to=State.NORMALISED if state in (State.PARKED, State.HELD) else "",
                waits_for=[missed[c.transaction].on if c.transaction in missed else "" for c, _, _ in members],
            )
        )  # fmt: skip
        heads_rest([c.head for c, _, _ in members])
        mine = [m for m in members if m[0].transaction in moved]
        if state is State.PARKED and mine:
            parents.wait_for(connection, mine, missed)
        _explain(connection, mine, missed)


def cannot_be_made(members: Sequence[tuple[Claim, DestinationPlan, Problem]]) -> None:
    """Set aside what could not be translated anew when it was to be sent; it waits as it would have on arrival."""
    aside: dict[State, list[tuple[Claim, DestinationPlan, Problem]]] = {}
    for member in members:
        aside.setdefault(evaluation.where_stopped(member[2])[0], []).append(member)
    waits = {c.transaction: evaluation.where_stopped(problem)[1] for c, _, problem in members}
    for state, stopped in aside.items():
        move(
            [c.transaction for c, _, _ in stopped], frm=[State.READY, State.RETRYING], to=state, by=ENGINE,
            reason=[problem.message for _, _, problem in stopped],
            return_to=State.NORMALISED if state in (State.PARKED, State.HELD) else "",
            waits_for=[wait[1] if (wait := waits[c.transaction]) else "" for c, _, _ in stopped],
        )  # fmt: skip
    heads_rest([c.head for c, _, _ in members])
    with database.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
        lines = [
            (c.transaction, *wait, d.connection_id, c.legal_entity, now)
            for c, d, _ in members
            if (wait := waits[c.transaction])
        ]
        copy_in(cursor, storing.WAIT, lines)
    troubles = [
        failures.Trouble(
            c.legal_entity, plan(c.snapshot).route_id, "validate", problem, record=c.record,
            transaction=c.transaction, connection_id=d.connection_id, amount=c.amount, currency=c.currency,
            hours=c.hours,
        )
        for c, d, problem in members
    ]  # fmt: skip
    failures.write_down(troubles, at=now)


def _where_to(answer: WriteOutcome) -> State:
    if answer.category is Category.CLOSED_PERIOD or answer.category is Category.APPROVAL_MISSING:
        return State.HELD
    return State.FAILED


def heads_rest(ids: Sequence[int]) -> None:
    """Nothing more is to do for these heads by itself; a newer version or a person goes on."""
    if ids:
        with database.cursor() as cursor:
            cursor.execute(
                "UPDATE routes_keyhead SET due_at = NULL, lease_owner = NULL WHERE id = ANY(%s)", [list(ids)]
            )


def _explain(
    connection: Connection,
    members: Sequence[tuple[Claim, DestinationPlan, WriteOutcome]],
    missed: Mapping[UUID, parents.Parent] = MappingProxyType({}),
) -> None:
    with database.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
    troubles = []
    closed = [c.transaction for c, _, a in members if a.category is Category.CLOSED_PERIOD]
    offered = periods.offers(closed) if closed else {}
    for claim, destination, answer in members:
        category = answer.category or Category.INTERNAL
        problem = Problem("error", category, "", None, answer.message or "The target refused it without a reason.")
        if category is Category.CLOSED_PERIOD:
            problem = _closed(destination, problem.message, offered.get(claim.transaction))
        elif category is Category.MISSING_REFERENCE:
            problem = _lacks(connection, problem.message, missed.get(claim.transaction))
        troubles.append(
            failures.Trouble(
                claim.legal_entity, plan(claim.snapshot).route_id, "deliver", problem, record=claim.record,
                transaction=claim.transaction, connection_id=connection.pk, amount=claim.amount,
                currency=claim.currency, hours=claim.hours, hint=answer.hint,
            )
        )  # fmt: skip
    failures.write_down(troubles, at=now)


def _lacks(connection: Connection, message: str, parent: parents.Parent | None) -> Problem:
    """Return the problem of a record that the target lacks: what is waited for, or that nobody knows what."""
    said = message.rstrip(".")
    if parent is None:
        words = (
            f"{said}. Nothing tells the hub when that is mended: see to it in {connection.name}, then resubmit this."
        )
        return Problem("error", Category.MISSING_REFERENCE, "", None, words)
    name = parent.entity.replace("_", " ")
    words = f"{said}. This waits until the {name} {parent.key} is known to be there."
    return Problem(
        "error", Category.MISSING_REFERENCE, parent.field, None, words, parent.key, "", parent.entity, (parent.key,)
    )


def _closed(destination: DestinationPlan, message: str, offer: "periods.Offer | None") -> Problem:
    """Return the problem of a closed period, with the day in the next open one where it is known."""
    if offer is None:
        return Problem("error", Category.CLOSED_PERIOD, destination.posting_date, None, message)
    words = f"{message.rstrip('.')}. {offer}"
    return Problem(
        "error", Category.CLOSED_PERIOD, offer.field, None, words, offer.was.isoformat(), offer.day.isoformat()
    )


WRITTEN = "It is not known whether this was written, and the target cannot be asked: {}. Look it up there."
UNDONE = (
    "It is not known whether what is posted was reversed, and the target cannot be asked: {}. Look there whether it"
    " is reversed."
)


def give_to_person(claimed: Sequence[tuple[Claim, str]], message: str) -> None:
    """A person decides whether a write in doubt, of which operation, happened; nothing is sent again by itself."""
    words = {c.transaction: (UNDONE if undoes(operation) else WRITTEN).format(message) for c, operation in claimed}
    moved = set(move(list(words), frm=State.UNKNOWN, to=State.FAILED, by=ENGINE, reason=list(words.values())))
    heads_rest([c.head for c, _ in claimed])
    with database.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
    failures.write_down(
        [
            failures.Trouble(
                c.legal_entity, plan(c.snapshot).route_id, "confirm",
                Problem("error", Category.OUTCOME_UNKNOWN, "", None, words[c.transaction]), record=c.record,
                transaction=c.transaction, amount=c.amount, currency=c.currency, hours=c.hours,
            )
            for c, _ in claimed
            if c.transaction in moved
        ],
        at=now,
    )  # fmt: skip


def undoes(operation: str) -> bool:
    """Whether an operation takes back what stands at the target."""
    return operation in ("reverse", "void")


def posted_in_closed_period(connection: Connection, claimed: Sequence[tuple[Claim, DestinationPlan]]) -> None:
    """What they correct lies in a period that is closed by now: they wait for a second person, and the next period."""
    if not claimed:
        return
    words = "What it corrects was posted into a period that is closed by now."
    moved = set(
        move(
            [c.transaction for c, _ in claimed], frm=[State.READY, State.RETRYING], to=State.HELD, by=ENGINE,
            reason=words, return_to=State.NORMALISED,
        )
    )  # fmt: skip
    heads_rest([c.head for c, _ in claimed])
    answer = WriteOutcome(Result.REFUSED, message=words, category=Category.CLOSED_PERIOD)
    _explain(connection, [(c, d, answer) for c, d in claimed if c.transaction in moved])


def needs_person_to_correct(claimed: Sequence[tuple[Claim, DestinationPlan]]) -> None:
    """The destination declares no way to correct what is posted."""
    if not claimed:
        return
    ids = [c.transaction for c, _ in claimed]
    problems = _uncorrected(claimed)
    reasons = [problems[id_].message for id_ in ids]
    move(ids, frm=[State.READY, State.RETRYING], to=State.FAILED, by=ENGINE, reason=reasons)
    heads_rest([c.head for c, _ in claimed])
    with database.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
    failures.write_down(
        [
            failures.Trouble(
                c.legal_entity, plan(c.snapshot).route_id, "deliver", problems[c.transaction], record=c.record,
                transaction=c.transaction, connection_id=d.connection_id, amount=c.amount, currency=c.currency,
                hours=c.hours,
            )
            for c, d in claimed
        ],
        at=now,
    )  # fmt: skip


REMEDY = "correct it there, for example by a credit note, and then choose “Do not deliver” with your reason."


def _uncorrected(claimed: Sequence[tuple[Claim, DestinationPlan]]) -> dict[UUID, Problem]:
    """Return why each waits for a person. A grouped record is a cause of its own, and tells which hours changed."""
    words = (
        "It is posted already and this target has no way to change it. Correct it there and close this, or waive it."
    )
    grouped = [(c.transaction, c.live_transaction, c.live_effect) for c, _ in claimed if groups_others(c)]
    changed = restatements.of(grouped) if grouped else {}
    problems = {}
    for claim, _ in claimed:
        problems[claim.transaction] = Problem("error", Category.CONFLICT, "", None, words)
        restated = changed.get(claim.transaction)
        if restated is not None and restated.changed:
            noun = plan(claim.snapshot).entity.replace("_", " ").capitalize()
            told = f"{noun} {claim.key} {restated} This target has no way to change it by itself: {REMEDY}"
            rule = f"{noun} {claim.key} as posted"  # each is a cause of its own, whatever has changed on it
            problems[claim.transaction] = Problem("error", Category.AMOUNT_MISMATCH, "", None, told, rule=rule)
    return problems


def end_without_effect(claimed: Sequence[Claim], state: State, reason: str, *, owner: UUID) -> None:
    """End transactions that need nothing from the target, and free their heads.

    What is posted without an effect is what stands there from now on: the same at the target, not always elsewhere.
    """
    if not claimed:
        return
    move([c.transaction for c in claimed], frm=[State.READY, State.RETRYING], to=state, by=ENGINE, reason=reason)
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_keyhead SET transaction_id = NULL, due_at = NULL, lease_owner = NULL,"
            " live_transaction_id = CASE WHEN %s THEN transaction_id ELSE live_transaction_id END"
            " WHERE id = ANY(%s) AND lease_owner = %s RETURNING id, waiting",
            [state is State.POSTED, [c.head for c in claimed], owner],
        )
        others_wait = [id_ for id_, waiting in cursor.fetchall() if waiting]
    failures.close(transactions=[c.transaction for c in claimed], how="auto:newer_version")
    heads.promote(others_wait)
