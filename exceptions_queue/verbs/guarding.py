"""The guard of verbs: what a policy asks a second person for goes on only by consent, or in emergency mode.

In emergency mode it is done at once, and kept for a second person's review.
"""

from collections.abc import Sequence

from django.utils import timezone

from exceptions_queue import becoming, differing, emergencies, policies
from exceptions_queue.models import ApprovalPolicy, Deed, Emergency, EmergencyDeed
from exceptions_queue.moving import note
from exceptions_queue.verbs.asking import NeedsApproval, Wish, asks, corrected_by_member, in_words, standing
from exceptions_queue.verbs.members import NotPossible
from governance import audit
from governance.actor import By


def guard(wish: Wish, *, by: By, fields: Sequence[str] = (), fixed: bool = False) -> EmergencyDeed | None:
    """Raise NeedsApproval where a policy asks a second person for what somebody is about to do.

    Somebody in emergency mode goes on, and so does what is `fixed`, a correction of a field that its route does not
    release; the deed that is kept of it is returned. Call it inside the verb, after its right and its members. Two
    queries where no policy may ask, at most twelve else, and some twenty in emergency mode; a correction is tried first
    where a policy asks from an amount on.
    """
    if not asks(by):
        return None
    wish.policies = wish.policies or _hits(wish, by, fields)  # some are found already, by what there was before
    if not wish.policies and not fixed:
        return None
    lasting = emergencies.in_force(by, wish.item.legal_entity_id)
    if lasting is not None:
        return _keep(wish, lasting, by, fixed)
    if fixed:
        raise NotPossible("This field is not released for corrections, and your emergency mode has ended.")
    raise NeedsApproval(wish)


def _hits(wish: Wish, by: By, fields: Sequence[str]) -> list[ApprovalPolicy]:
    item = wish.item
    found = policies.asking(wish.deed, item.legal_entity_id, by)
    if not found:
        return []
    if wish.deed == Deed.RESUBMIT:
        of_each = corrected_by_member([each.pk for each in wish.members])
    else:
        of_each = {each.pk: list(fields) for each in wish.members}
    wish.judged = becoming.amounts(wish) if wish.deed == Deed.CORRECT and policies.by_amount(found) else None
    return policies.hits_on(found, wish.deed, item, wish.members, of_each, wish.judged)


def guard_done(wish: Wish, *, by: By, fields: Sequence[str]) -> None:
    """Raise NeedsApproval where a correction that was let through came to another amount, and a policy asks for that.

    It is worked out once to be judged and once to be sent, and a row of a table may begin to count in between. Call it
    last in the verb's commit, which is undone then. One query where a policy goes by amounts.
    """
    if wish.judged is None:
        return
    came = {each: to for each, to in becoming.came_to(wish).items() if to != wish.judged.get(each)}
    if came:
        found = policies.asking(wish.deed, wish.item.legal_entity_id, by)
        of_each = {each.pk: list(fields) for each in wish.members}
        wish.judged = {**wish.judged, **came}
        wish.policies = policies.hits_on(found, wish.deed, wish.item, wish.members, of_each, wish.judged)
        if wish.policies:
            raise NeedsApproval(wish)


def _keep(wish: Wish, lasting: Emergency, by: By, fixed: bool) -> EmergencyDeed:
    """Write down what is done in emergency mode: for its review, in the item's history and in the audit trail."""
    lifted = [f"no second person, whom {in_words(wish.policies)} asks for"] if wish.policies else []
    if fixed:
        lifted.append("a field that the route does not release for corrections")
    ids, now = [each.pk for each in wish.members], timezone.now()
    made = EmergencyDeed(
        legal_entity_id=lasting.legal_entity_id, emergency=lasting, item=wish.item, deed=wish.deed,
        lifted="; ".join(lifted), failures=ids, differences=differing.of(wish, standing(ids)),
        amounts=differing.amounts(wish.members), reason=wish.reason, made_at=now,
        review_by=emergencies.review_by(lasting.legal_entity, now),
    )  # fmt: skip
    made.save()
    told = f"{made.get_deed_display()}, in emergency mode {lasting.number}: {made.lifted}. To be reviewed."
    note(wish.item, by=by, verb="emergency mode", reason=told)
    entry = audit.record(
        by=by, verb="act_in_emergency", thing=made, reason=wish.reason, legal_entity=made.legal_entity_id,
        after={"deed": wish.deed, "members": len(ids), "item": wish.item.pk, "lifted": made.lifted,
               "emergency mode": lasting.number},
    )  # fmt: skip
    EmergencyDeed.objects.filter(pk=made.pk).update(channel=entry.channel[:20])
    made.channel = entry.channel[:20]
    return made
