"""Rules that a person has let one version of a record pass: what they say of it is a warning from then on."""

from collections.abc import Collection, Sequence
from uuid import UUID

from canonical.problem import Problem
from governance.actor import By, as_actor
from mappings.content import Rule
from routes.models import Route, RuleWaiver
from routes.plan import Plan, foreseen


def softened(problems: Sequence[Problem], waived: Collection[str]) -> Sequence[Problem]:
    """Return problems as they count for a record: errors of rules that it may pass only warn."""
    if not waived:
        return problems
    return [_as_warning(each) if each.rule in waived and each.severity == "error" else each for each in problems]


def _as_warning(found: Problem) -> Problem:
    return Problem(
        "warning", found.category, found.field, found.position, f"Let pass once by a person: {found.message}",
        found.value, found.accepted, found.table, found.key, found.rule,
    )  # fmt: skip


def of_records(records: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
    """Return the rules that versions may pass, by record. One query."""
    found: dict[UUID, set[str]] = {}
    for record, rule in RuleWaiver.objects.filter(record_id__in=records).values_list("record_id", "rule"):
        found.setdefault(record, set()).add(rule)
    return {record: frozenset(rules) for record, rules in found.items()}


def may_pass(route: Route, rule: str) -> bool:
    """Tell whether a rule that stops is marked as one that may be let pass, in a mapping of the route in force now."""
    made, _ = foreseen(route)
    return any(each.name == rule and each.waivable and each.severity == "error" for each in _rules(made))


def _rules(made: Plan) -> list[Rule]:
    mappings = [made.normalise, *(each.translate for each in made.destinations)]
    return [rule for mapping in mappings if mapping is not None for rule in mapping.content.rules]


def let_pass(records: Sequence[tuple[UUID, int]], rule: str, *, by: By, reason: str) -> None:
    """Keep that a rule does not stop versions of records, given with their legal entities. The verb asks the right."""
    RuleWaiver.objects.bulk_create(
        [
            RuleWaiver(
                record_id=record, legal_entity_id=entity, rule=rule, reason=reason, made_by=as_actor(by).reference
            )
            for record, entity in records
        ],
        ignore_conflicts=True,
    )
