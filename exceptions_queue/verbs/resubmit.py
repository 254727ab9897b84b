"""Sending an item's members through again."""

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from django.db import transaction

from exceptions_queue import releasing
from exceptions_queue.models import Deed, Release, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.asking import Wish, may_ask
from exceptions_queue.verbs.guarding import guard
from exceptions_queue.verbs.members import NotPossible, chosen, records, transactions
from governance import audit
from governance.actor import By
from governance.models import Version
from governance.rights import Right, require
from routes import decisions, posted, reprocess
from routes.chosen_configuration import Configuration, NotThere, has_part, in_words, named, right_to_send, to_send
from routes.models import Failure
from routes.plan import NotReadyToRun, current, foreseen
from routes.worked_out import Start


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
) -> Release | int:
    """Send all members through again, or the chosen ones; return the release, or how many of the chosen went on.

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
        typed = {"configuration": named(wanted), "start": start.value}
        guard(Wish(Deed.RESUBMIT, item, chosen(item, failures), typed, reason), by=by)
    reason = reason.strip() or "sent again by a person"
    with_what = {"configuration": named(wanted), "begins": start.value}
    audit.record(
        by=by, verb="resubmit", thing=item, reason=reason, after=with_what, legal_entity=item.legal_entity_id
    )  # fmt: skip
    if failures is None:
        _refuse_not_ready(item, wanted)
        return releasing.ask(item, by=by, reason=reason, configuration=wanted, start=start)
    members = chosen(item, failures)
    releasing.take_source(members, by=by, reason=reason)
    # Records first: like a page, they enter keys before they hold any head.
    again = reprocess.records(records(members), by=by, reason=reason, how="fixed", configuration=wanted)
    went_on = decisions.resubmit(transactions(members), by=by, reason=reason, configuration=wanted, start=start)
    told = f"{in_words(wanted)}{len(members):,} chosen: {reason}"
    note(item, by=by, verb="sent again", reason=told, to=State.IN_PROGRESS)
    return len(went_on) + len(again)


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
