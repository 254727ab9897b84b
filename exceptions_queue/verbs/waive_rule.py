"""Letting members pass a rule once: the rule is marked for it, and the waiver holds for one version of each record."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from canonical.failure import Category
from exceptions_queue.models import Deed, RootCause, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.seen import Seen
from exceptions_queue.verbs.asking import Wish
from exceptions_queue.verbs.guarding import guard
from exceptions_queue.verbs.members import NotPossible, chosen, need_reason, records, transactions
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import reprocess, rule_waivers
from routes.plan import NotReadyToRun

LIMIT = 2_000  # members in one commit


def offered(item: WorkItem) -> bool:
    """Tell whether an item's rule is marked as one that may be let pass, by the newest configuration. One query."""
    if not item.rule or item.category != Category.VALIDATION:
        return False
    content = item.configuration
    mappings = [content.get("normalise"), *(each["translate"] for each in content.get("destinations", ()))]
    rules = [rule for mapping in mappings if mapping for rule in mapping["content"].get("rules") or ()]
    return any(rule["name"] == item.rule and rule.get("waivable") for rule in rules)


@transaction.atomic
def waive_rule(
    item: WorkItem, *, by: By, reason: str, failures: Collection[UUID] | None = None, seen: Seen | None = None
) -> int:
    """Let all members, those that were seen, or the chosen ones pass the item's rule once; return how many went on.

    The rule warns of them from now on; a newer version of a record is judged again. Raises NotAllowed and NotPossible;
    NeedsApproval where a policy asks for a second person.
    """
    require(by, Right.WAIVE, item.legal_entity_id)
    reason = need_reason(reason, "Letting something pass a rule")
    _require_waivable(item)
    members = chosen(item, failures, limit=LIMIT, seen=seen)
    guard(Wish(Deed.WAIVE_RULE, item, members, {}, reason), by=by)
    rule_waivers.let_pass(
        [(m.record_id, m.legal_entity_id) for m in members if m.record_id], item.rule, by=by, reason=reason
    )
    told = f"passes the rule {item.rule} once: {reason}"
    went_on = reprocess.records(records(members), by=by, reason=told, how="fixed")
    went_on += reprocess.transactions(transactions(members), by=by, reason=told, how="fixed")
    WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.NO_ACTION)
    note(
        item, by=by, verb="rule waived", reason=f"{item.rule}, {len(went_on):,} of {len(members):,} went on: {reason}",
        to=State.IN_PROGRESS,
    )  # fmt: skip
    audit.record_all(
        [
            audit.entry_of(
                by=by, verb="waive_rule", thing=("record", str(m.record_id), item.rule), after={"rule": item.rule},
                reason=reason, legal_entity=m.legal_entity_id, channel="",
            )
            for m in members
            if m.record_id
        ]
    )  # fmt: skip
    return len(went_on)


def _require_waivable(item: WorkItem) -> None:
    route = item.route
    try:
        may = route is not None and bool(item.rule) and rule_waivers.may_pass(route, item.rule)
    except NotReadyToRun as error:
        raise NotPossible(str(error)) from error
    if not may:
        raise NotPossible(
            "This rule is not marked as one that may be let pass. Correct the value, or have the mapping changed."
        )
