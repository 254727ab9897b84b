"""Keeping a merge as a rule for causes that are still to come, and removing it again."""

from hashlib import sha256

from django.db import transaction
from django.utils import timezone

from connectors.models import Connection
from exceptions_queue import grouping
from exceptions_queue.models import GroupingRule
from exceptions_queue.verbs.members import NotPossible, need_reason
from governance import audit
from governance.actor import ENGINE, By, as_actor
from governance.rights import Right, require
from governance.still_there import held

MOST = 200  # of one legal entity: each is asked of all that comes in
TOLD = ("name", "category", "connection_id", "route_id", "table", "field", "rule", "words")


@transaction.atomic
def keep_grouping_rule(rule: GroupingRule, *, by: By, reason: str) -> GroupingRule:
    """Keep a rule, or change what one of its name asks for; what is open stays where it is.

    Without `cause` what fits it comes together in an item of its own. Its words are looked for in what whoever keeps it
    may read. Raises NotAllowed, NotPossible, and Gone for one that somebody has removed meanwhile.
    """
    require(by, Right.WORK_QUEUE, rule.legal_entity_id)
    rule.reason = need_reason(reason, "A grouping rule")[:500]
    grouping.check(rule)
    same = GroupingRule.objects.select_for_update(of=("self",)).filter(
        legal_entity=rule.legal_entity_id, name=rule.name
    )
    if (other := same.exclude(pk=rule.pk).first()) is not None:
        raise NotPossible(f"There is a grouping rule “{other.name}” of this company already. Choose another name.")
    if rule.pk is None and GroupingRule.objects.filter(legal_entity=rule.legal_entity_id).count() >= MOST:
        raise NotPossible(f"This company has {MOST} grouping rules already. Remove one that nothing fits any more.")
    if rule.pk is not None:
        held(GroupingRule.objects.all(), rule)
    verb = "create" if rule.pk is None else "change"
    if not rule.cause:
        rule.cause = sha256(f"grouping rule\x1f{rule.legal_entity_id}\x1f{rule.name}".encode()).hexdigest()
    rule.unseen = grouping.unseen_by(by, rule.legal_entity_id)
    rule.made_by, rule.made_at = as_actor(by).reference, timezone.now()
    rule.save()
    audit.record(
        by=by, verb=verb, thing=rule, after={name: getattr(rule, name) for name in TOLD}, reason=rule.reason,
        legal_entity=rule.legal_entity_id,
    )  # fmt: skip
    return rule


@transaction.atomic
def remove_grouping_rule(rule: GroupingRule, *, by: By, reason: str) -> None:
    """Remove a rule: what it has joined stays where it is, and what comes from now on comes apart.

    Raises NotAllowed and NotPossible.
    """
    require(by, Right.WORK_QUEUE, rule.legal_entity_id)
    reason = need_reason(reason, "Removing a grouping rule")
    row = GroupingRule.objects.select_for_update(of=("self",)).filter(pk=rule.pk).first()
    if row is None:
        raise NotPossible("Somebody has removed this rule already. Load the page again.")
    audit.record(
        by=by, verb="delete", thing=row, before={name: getattr(row, name) for name in TOLD}, reason=reason,
        legal_entity=row.legal_entity_id,
    )  # fmt: skip
    row.delete()


def note_rules_lost(connection: Connection) -> None:
    """Write down which rules go with a connection that is being deleted, and what they said."""
    for row in GroupingRule.objects.filter(connection=connection).order_by("pk"):
        audit.record(
            by=ENGINE, verb="delete", thing=row, before={name: getattr(row, name) for name in TOLD},
            reason=f"the connection {connection.name}, which it names, was deleted", legal_entity=row.legal_entity_id,
        )  # fmt: skip
