"""Sending an item's members through again."""

from collections.abc import Collection, Sequence
from typing import Literal
from uuid import UUID

from django.db import transaction

from exceptions_queue import intake, releasing, waived
from exceptions_queue.models import Deed, Release, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.seen import Seen
from exceptions_queue.verbs.asking import NeedsApproval, Wish, may_ask
from exceptions_queue.verbs.asking import in_words as policies_told
from exceptions_queue.verbs.guarding import guard
from exceptions_queue.verbs.members import CHANGED, NotPossible, chosen, records, transactions
from governance import audit
from governance.actor import By
from governance.models import Version
from governance.rights import Right, require
from routes import decisions, posted, reprocess
from routes.chosen_configuration import Configuration, NotThere, has_part, in_words, named, right_to_send, to_send
from routes.models import Failure, Transaction
from routes.plan import NotReadyToRun, current, foreseen
from routes.worked_out import AGAIN, Start


@transaction.atomic
def resubmit(
    item: WorkItem,
    *,
    by: By,
    reason: str = "",
    failures: Collection[UUID] | None = None,
    as_then: bool = False,
    configuration: str = "now",
    start: Start | Literal["failed_stage", "source"] = Start.SOURCE,
    seen: Seen | None = None,
) -> Release | int:
    """Send all members, or those that were seen, through again, or the chosen ones; return the release, or how many of
    the chosen went on.

    `configuration` is "now", "then" (`as_then` is the same), or a version of a mapping that is or was in force, as
    "ledger-time-out@2", which takes the place of the one in force. They begin with what the source sent, or with the
    stage that stopped them: what a target has refused goes once more as it is then, unless a version was chosen.

    Raises NotAllowed; NotPossible, with the target's number for what is posted by now, and with what is wrong with a
    version that cannot be used; NeedsApproval where a policy asks a second person for what was corrected.
    """
    require(by, Right.RESUBMIT, item.legal_entity_id)
    wanted = _configuration(item, "then" if as_then and configuration == "now" else configuration, by)
    _refuse_posted(item, failures)
    start = Start(start)
    if may_ask(Deed.RESUBMIT, item, by):
        guard(_wish(item, chosen(item, failures, seen=seen), wanted, start, reason), by=by)
    reason = reason.strip() or "sent again by a person"
    if failures is None:
        _refuse_not_ready(item, wanted)
        _refuse_more(item, seen)
        _audit(item, by, reason, wanted, start)
        return releasing.ask(item, by=by, reason=reason, configuration=wanted, start=start, seen=seen)
    return len(_send(item, chosen(item, failures), by=by, reason=reason, wanted=wanted, start=start))


@transaction.atomic
def resubmit_transactions(
    ids: Sequence[UUID], *, by: By, reason: str, configuration: str = "now", start: Start = Start.SOURCE
) -> list[UUID]:
    """Send stopped transactions through again, whichever items hold them; return those that went on.

    What was waived is taken up once more, unless a newer version has come since. All or nothing: raises NotAllowed,
    NotThere, NotReadyToRun, and NotPossible where a policy asks a second person for some of them, which are asked for
    where they stand.
    """
    wanted = to_send(configuration, by=by)
    rows = list(Transaction.objects.filter(pk__in=ids))
    for place in {row.legal_entity_id for row in rows}:
        require(by, Right.RESUBMIT, place)
        require(by, right_to_send(wanted), place)
    held = _held_by(ids)
    for item, members in held:
        if may_ask(Deed.RESUBMIT, item, by):
            try:
                guard(_wish(item, members, wanted, start, reason), by=by)
            except NeedsApproval as error:
                raise NotPossible(f"{error} Ask for it at exception {item.number}.") from error
    in_items = {each.transaction_id for _, members in held for each in members}
    for row in rows:  # what was waived, and what no item holds
        if row.pk not in in_items and row.state in AGAIN and (asked := waived.asking(row, by)):
            raise NotPossible(
                f"A second person is asked before {row.key} is sent: {policies_told(asked)}. Nothing was sent. Ask for "
                "it on its own page."
            )
    went_on: list[UUID] = []
    for item, members in held:
        went_on += _send(item, members, by=by, reason=reason, wanted=wanted, start=start)
    rest = [row.pk for row in rows if row.pk not in in_items]
    went_on += decisions.resubmit(rest, by=by, reason=reason, configuration=wanted, start=start)
    return [id_ for id_ in ids if id_ in set(went_on)]


def _held_by(ids: Sequence[UUID]) -> list[tuple[WorkItem, list[Failure]]]:
    """Return the open failures of some transactions with the items that hold them."""
    found = Failure.objects.filter(transaction_id__in=ids, closed_at=None).order_by("pk")
    if new := set(found.filter(taken=False).values_list("fingerprint", flat=True)):
        intake.take_in(only=sorted(new))
    groups: dict[str, list[Failure]] = {}
    for each in found.all():
        groups.setdefault(each.fingerprint, []).append(each)
    items = WorkItem.objects.open().select_related("legal_entity").filter(fingerprint__in=list(groups))
    return [(item, groups[item.fingerprint]) for item in items.order_by("number")]


def _wish(item: WorkItem, members: list[Failure], wanted: Configuration, start: Start, reason: str) -> Wish:
    return Wish(Deed.RESUBMIT, item, members, {"configuration": named(wanted), "start": start.value}, reason)


def _send(
    item: WorkItem, members: list[Failure], *, by: By, reason: str, wanted: Configuration, start: Start
) -> list[UUID]:  # fmt: skip
    """Send members of an item now, and write that down; return the transactions and records that went on."""
    _audit(item, by, reason, wanted, start)
    releasing.take_source(members, by=by, reason=reason)
    # Records first: like a page, they enter keys before they hold any head.
    again = reprocess.records(records(members), by=by, reason=reason, how="fixed", configuration=wanted)
    went_on = decisions.resubmit(transactions(members), by=by, reason=reason, configuration=wanted, start=start)
    told = f"{in_words(wanted)}{len(members):,} chosen: {reason}"
    note(item, by=by, verb="sent again", reason=told, to=State.IN_PROGRESS)
    return [*went_on, *again]


def _audit(item: WorkItem, by: By, reason: str, wanted: Configuration, start: Start) -> None:
    after = {"configuration": named(wanted), "begins": start.value}
    audit.record(by=by, verb="resubmit", thing=item, reason=reason, after=after, legal_entity=item.legal_entity_id)


def _configuration(item: WorkItem, text: str, by: By) -> Configuration:
    """Return the configuration that a text names, for which somebody has the right and which can be used here."""
    try:
        found = to_send(text, by=by)
    except NotThere as error:
        raise NotPossible(str(error)) from error
    require(by, right_to_send(found), item.legal_entity_id)
    if isinstance(found, Version) and item.route is not None:
        try:
            _, content = foreseen(item.route, found)
        except NotReadyToRun as error:
            raise NotPossible(
                f"Version {found.number} of “{found.object_key}” cannot be used any more: {error} Nothing was sent."
            ) from error
        if not has_part(found, content, None):
            raise NotPossible(
                f"The mapping “{found.object_key}” has no part in this: its route uses others. Nothing was sent."
            )
    return found


def _refuse_more(item: WorkItem, seen: Seen | None) -> None:
    """Refuse where more is there by now than was counted, of what came before that."""
    if seen and item.failures().filter(pk__lte=seen.newest).count() > seen.count:
        raise NotPossible(CHANGED)


def _refuse_not_ready(item: WorkItem, wanted: Configuration) -> None:
    """Refuse in words what goes by a route that cannot run as it is configured now."""
    if wanted == "now" and item.route is not None:
        try:
            current(item.route)
        except NotReadyToRun as error:
            raise NotPossible(f"{error} Nothing was sent.") from error


def _refuse_posted(item: WorkItem, failures: Collection[UUID] | None) -> None:
    """Refuse what was chosen and has been posted since: nothing of it is sent, and the number there is told."""
    if failures is None:
        return
    closed = Failure.objects.filter(
        pk__in=list(failures), fingerprint=item.fingerprint, closed_at__isnull=False, transaction_id__isnull=False
    )
    found = posted.words([id_ for id_ in closed.values_list("transaction_id", flat=True) if id_])
    if found:
        told = list(found.values())
        more = f" and {len(told) - SHOWN:,} more" if len(told) > SHOWN else ""
        raise NotPossible(f"{'; '.join(told[:SHOWN])}{more}. Nothing was sent: load the page again and choose anew.")


SHOWN = 5  # of what is posted already
