"""Correcting a field of members as an overlay: the source stays as it is, the hub remembers and compares."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from canonical.entities import ENTITIES
from canonical.entity import Field, Kind, Mask
from canonical.masking import may_see
from exceptions_queue import emergencies
from exceptions_queue.models import Deed, RootCause, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.seen import Seen
from exceptions_queue.templatetags.shown import money
from exceptions_queue.verbs.asking import Wish
from exceptions_queue.verbs.guarding import guard, guard_done
from exceptions_queue.verbs.members import NotPossible, WrongValue, chosen, need_reason, records, transactions
from governance import audit
from governance.models import User
from governance.rights import Right, allowed_masks, require
from routes import corrected_versions, overlays, reprocess, right_values
from routes.corrected_places import places
from routes.models import Failure


class Stale(NotPossible):
    """Somebody else has corrected it meanwhile; the message shows to what."""


LIMIT = 200  # members of one correction: each has its own source value to remember


def correctable(item: WorkItem, by: User) -> list[Field]:
    """Return the fields that somebody may correct here: no part of the key, nothing that is hidden from them, and none
    that the route keeps fixed or leaves to other roles, but in emergency mode. Two queries, and at most three more
    where the route keeps any.
    """
    entity = ENTITIES.get(item.entity)
    if entity is None:
        return []
    masks = allowed_masks(by, item.legal_entity_id)
    out = {*entity.key, *unreleased(item, by)}
    return [
        f for f in entity.fields
        if f.name not in out and f.kind is not Kind.LINES and may_see(entity, f.name, masks)
    ]  # fmt: skip


def unreleased(item: WorkItem, by: User) -> set[str]:
    """Return the fields that their route keeps from somebody, as fixed or as other roles'; none in emergency mode."""
    kept = set(kept_from(item, by))
    return set() if kept and emergencies.in_force(by, item.legal_entity_id) else kept


def kept_from(item: WorkItem, by: User) -> frozenset[str]:
    """Return the fields that somebody corrects in emergency mode only."""
    return item.route.kept_from(by, item.legal_entity_id) if item.route else frozenset()


class Corrected(NamedTuple):
    """What a correction did."""

    went_on: int  # members
    amounts: str  # what became of their amounts, a sentence; empty where they have none
    elsewhere: str = ""  # what becomes of the same records at other destinations, sentences; empty where nothing


@transaction.atomic
def correct_field(
    item: WorkItem, *, by: User, field: str, value: str, reason: str, failures: Collection[UUID] | None = None,
    seen_until: int | None = None, seen: Seen | None = None,
) -> Corrected:  # fmt: skip
    """Correct a field of all members, of those that were seen, or of the chosen ones, and send them again.

    What the route's mapping works out from the field follows, such as the amount from the hours. Other destinations of
    the same records get the correction, too.

    Raises NotAllowed, Stale where somebody has corrected it after `seen_until` (the newest correction that the person
    saw), NotPossible with the accepted form when the value does not fit the field, and NeedsApproval where a policy
    asks for a second person.
    """
    require(by, Right.EDIT_OVERLAY, item.legal_entity_id)
    reason = need_reason(reason, "A correction")
    spec = next((f for f in correctable(item, by) if f.name == field), None)
    if spec is None:
        raise WrongValue(
            "This field cannot be corrected here. Choose one of those that are offered.",
            at="field", accepted="a field that the item offers",
        )  # fmt: skip
    members = chosen(item, failures, limit=LIMIT, seen=seen)
    corrected = [m.record_id for m in members if m.record_id]
    if not corrected:
        raise NotPossible("This holds no records, so there is no field to correct. Choose another remedy.")
    _check(item, spec, value)
    wish = Wish(Deed.CORRECT, item, members, {"field": field, "value": value}, reason)
    fixed = field in kept_from(item, by)
    deed = guard(wish, by=by, fields=(field,), fixed=fixed)
    try:
        for record in corrected:
            overlays.correct(
                record=record, field=field, value=value, reason=reason, by=by, seen_until=seen_until,
                emergency=deed.emergency_id if deed else None,
            )  # fmt: skip
    except overlays.Overtaken as error:
        raise Stale(str(error)) from error
    except ValueError as error:
        raise NotPossible(str(error)) from error
    to = f" to {value}" if spec.mask is Mask.NONE else ""  # everybody who sees the item reads its history
    told = f"{field.replace('_', ' ')} of {len(corrected):,} corrected{to}: {reason}"
    done = send_again(item, members, by=by, told=told, after={field: value}, reason=reason)
    if deed is None:
        guard_done(wish, by=by, fields=(field,))
    return done


def send_again(
    item: WorkItem, members: list[Failure], *, by: User, told: str, after: dict[str, Any], reason: str
) -> Corrected:
    """Send members again that were just corrected, and write down what was done; inside the verb's transaction."""
    before = _amounts(transactions(members), records(members))
    # Records first: like a page, they enter keys before they hold any head.
    again = reprocess.records(records(members), by=by, reason=told, how="fixed")
    try:
        restated = corrected_versions.store(transactions(members), by=by, reason=told, how="fixed")
    except ValueError as error:  # a key that is another record's
        raise NotPossible(str(error)) from error
    left = [id_ for id_ in transactions(members) if id_ not in restated.handled]
    went_on = reprocess.transactions(left, by=by, reason=told, how="fixed")
    WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.TRANSACTION)
    now = _amounts(left, [*records(members), *restated.worth])
    done = Corrected(
        len(went_on) + len(again) + restated.places.went_on, _told(before, now),
        " ".join(filter(None, (restated.places.told(), _elsewhere(left)))),
    )  # fmt: skip
    noted = " ".join(filter(None, (f"{told.rstrip('.')}.", done.amounts, done.elsewhere)))
    note(item, by=by, verb="corrected", reason=noted, to=State.IN_PROGRESS)
    audit.record(by=by, verb="correct", thing=item, after=after, reason=reason, legal_entity=item.legal_entity_id)
    return done


def _check(item: WorkItem, spec: Field, value: str) -> None:
    """Raise NotPossible for a value that does not fit its field, before anybody is asked to agree to it."""
    try:
        right_values.read(ENTITIES[item.entity], spec, value)
    except ValueError as error:
        raise WrongValue(str(error), at="value", accepted="a value that fits the field") from error


AMOUNTS = """
SELECT currency, sum(amount) FROM (
    SELECT currency, amount FROM routes_transaction WHERE id = ANY(%s)
    UNION ALL SELECT currency, amount FROM routes_record WHERE id = ANY(%s)) each
WHERE amount IS NOT NULL GROUP BY currency ORDER BY currency
"""


def _amounts(transactions: Sequence[UUID], records: Sequence[UUID]) -> str:
    """Return what members come to as the hub has it: "10,320.00 EUR and 90.00 USD"."""
    with connection.cursor() as cursor:
        cursor.execute(AMOUNTS, [list(transactions), list(records)])
        return " and ".join(money(amount, currency) for currency, amount in cursor.fetchall())


ELSEWHERE = """
SELECT d.name, count(*) FROM routes_transaction t JOIN routes_destination d ON d.id = t.destination_id
WHERE t.record_id IN (SELECT record_id FROM routes_transaction WHERE id = ANY(%(ids)s)) AND t.id <> ALL(%(ids)s)
  AND NOT t.withdraws AND t.state IN ('ready', 'delivering', 'retrying', 'unknown', 'posted')
GROUP BY d.name ORDER BY d.name
"""


def _elsewhere(transactions: Sequence[UUID]) -> str:
    with connection.cursor() as cursor:
        cursor.execute(ELSEWHERE, {"ids": list(transactions)})
        found = places(cursor.fetchall())
    return f"As before: {found}; what is sent or on its way there follows the source only." if found else ""


def _told(before: str, after: str) -> str:
    if before == after:
        return f"The amount is {after}, as before." if after else ""
    return f"The amount was {before or 'not known'} and is {after or 'not known'} now."
