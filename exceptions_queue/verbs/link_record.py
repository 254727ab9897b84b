"""Linking a member to a record that its target has already: the binding is written, and nothing is sent."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from canonical.entities import ENTITIES
from exceptions_queue import lineage
from exceptions_queue.models import Deed, RootCause, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.templatetags.shown import value
from exceptions_queue.told_trial import differences
from exceptions_queue.verbs.asking import Wish
from exceptions_queue.verbs.guarding import guard
from exceptions_queue.verbs.members import NotPossible, WrongValue, chosen, need_reason
from governance.actor import By
from governance.rights import Right, allowed_masks, require
from routes import linking, looking
from routes.arrivals import decode
from routes.models import Snapshot

SHOWN = 12  # fields of a difference that are told


class NotSeen(NotPossible):
    """The difference was not looked at yet; `told` is what the target has, the message says how to go on, too."""

    def __init__(self, told: str) -> None:
        super().__init__(f"{told} Press the button again to link it all the same.")
        self.told = told


def link_record(
    item: WorkItem, *, by: By, failures: Collection[UUID] | None, external_id: str, reference: str = "",
    reason: str, difference_seen: bool = False,
) -> None:  # fmt: skip
    """Take the record with an id at the target for what one member wanted to post. Nothing is sent.

    What the target has is told first, as far as it can be asked (NotSeen); whoever has seen it says so with
    `difference_seen`. Raises NotAllowed and NotPossible; NeedsApproval where a policy asks for a second person.
    """
    require(by, Right.RESUBMIT, item.legal_entity_id)
    reason, external_id = need_reason(reason, "A link"), external_id.strip()
    if failures is None or len(failures) != 1:
        raise NotPossible("Choose the one row that this record stands for. Each is linked by itself.")
    if not external_id or not external_id.isprintable():  # what nobody sees is no id that anybody has read there
        raise WrongValue(
            "The id is empty, or holds a character that cannot be seen. Type it as shown there.",
            at="external_id", accepted="the id of the record there",
        )  # fmt: skip
    [member] = chosen(item, failures)
    if member.transaction_id is None:
        raise NotPossible("It stopped before a destination was chosen, so there is nothing to link yet.")
    if not difference_seen:
        raise NotSeen(compared(member.transaction_id, item, by))
    _refuse_another(member.transaction_id, external_id)
    typed = {"external_id": external_id, "reference": reference.strip(), "difference_seen": True}
    guard(Wish(Deed.LINK, item, [member], typed, reason), by=by)
    with transaction.atomic():
        try:
            linking.link(
                member.transaction_id, by=by, external_id=external_id, reference=reference.strip(), reason=reason
            )
        except linking.NotToLink as error:
            raise NotPossible(str(error)) from error
        WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.TARGET)
        note(item, by=by, verb="linked", reason=f"as {reference or external_id}: {reason}", to=State.IN_PROGRESS)


def _refuse_another(id_: UUID, external_id: str) -> None:
    """Raise NotPossible where the target says that another record than this one stands there under our key."""
    answer = next(iter(looking.ask([id_])), None)
    there = answer.found.external_id if answer and answer.found and answer.found.found else None
    if there and there != external_id:
        raise NotPossible(f"Under our key the target has the record {there}. Link that one, or see to it there first.")


def compared(id_: UUID, item: WorkItem, by: By) -> str:
    """Return in words what the target has under our key, beside what would be sent."""
    answer = next(iter(looking.ask([id_])), None)
    if answer is None:
        raise NotPossible("It is not stopped any more, or another version of it goes first. Load the page again.")
    if answer.found is None:
        return f"{answer.message} Compare it there with what would be sent."
    if not answer.found.found:
        return (
            "Under our key the target has nothing, and by an id of its own it is not asked: see there that a record "
            "has this id, was made elsewhere, and is the same."
        )
    number = answer.found.reference or answer.found.external_id or "a record without a number"
    if answer.found.body is None or not answer.claim.body:
        return f"Under our key the target has {number}, and does not tell its fields: compare them there."
    content = Snapshot.objects.get(pk=answer.claim.snapshot).content
    found = differences(
        ENTITIES[content["route"]["entity"]], lineage.copies(content, answer.destination.id), answer.found.body,
        decode(answer.claim.body), allowed_masks(by, item.legal_entity_id),
    )  # fmt: skip
    ours = [each for each in found if each.now is not None]  # what only the target knows is no difference of ours
    told = "; ".join(f"{each.name}: {value(each.was)} there, {value(each.now)} here" for each in ours[:SHOWN])
    return f"Under our key the target has {number}. {told or 'What we know of it is the same there'}."
