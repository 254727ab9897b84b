"""Experience API: what a routing rule would have done with the last thirty days. Nothing is kept or moved.

Rules are read and changed as configuration: `routing-rules` of the system API, whose documents are tried here.
"""

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue import routing_trial
from exceptions_queue.pages.items import rows_of
from governance.api import forms
from governance.api.door import Door, person
from governance.api.told import told
from hub.api import documents
from hub.api.configuration import EXAMPLES, read
from hub.configuration.routing import RoutingRules
from hub.configuration.work import Work

RULES = RoutingRules()
TRIAL: dict[str, Any] = {
    "days": 30, "looked": 412, "cut": False, "decided": 18, "moved": 12, "kept": 2, "currency": "EUR", "lost": "",
    "went": [{"to": "controller", "count": 16, "worth": "214300.0000", "unknown": 1}],
    "beaten": [{"rule": "Refused invoices of Acme", "count": 3}], "ties": [],
    "examples": [{"number": 17, "title": "The ledger refused an invoice", "now": "billing", "then": "controller"}],
}  # fmt: skip


class WentShape(serializers.Serializer[Any]):
    """Where some work items would go."""

    to = serializers.CharField(help_text="team, and person where there is one")
    count = serializers.IntegerField()
    worth = serializers.DecimalField(max_digits=24, decimal_places=4)
    unknown = serializers.IntegerField(help_text="of which nobody knows the worth")


class RuleCountShape(serializers.Serializer[Any]):
    """Another rule, and for how many work items it matters."""

    rule = serializers.CharField()
    count = serializers.IntegerField()


class RoutedShape(serializers.Serializer[Any]):
    """One work item that would go elsewhere."""

    number = serializers.IntegerField()
    title = serializers.CharField()
    now = serializers.CharField(help_text="where it goes by the rules as they are")
    then = serializers.CharField()


class RoutingTrialShape(serializers.Serializer[Any]):
    """What came of trying a rule."""

    days = serializers.IntegerField()
    looked = serializers.IntegerField(help_text="work items of these days that you see")
    cut = serializers.BooleanField(help_text="there were more, and the newest were tried")
    decided = serializers.IntegerField(help_text="that the rule would decide")
    moved = serializers.IntegerField(help_text="of these, that would go elsewhere than now")
    kept = serializers.IntegerField(help_text="of these, that a person has put somewhere: they would stay")
    went = WentShape(many=True)
    beaten = RuleCountShape(many=True, help_text="rules that fit more closely")
    ties = RuleCountShape(many=True, help_text="rules that fit as closely")
    examples = RoutedShape(many=True)
    currency = serializers.CharField(allow_blank=True)
    lost = serializers.CharField(allow_blank=True, help_text="whom it names that may not work there")


class RoutingTrialsDoor(Door):
    """Trying a routing rule."""

    layer = "experience"

    @told(
        RoutingTrialShape, form=documents.schema_of(RULES.folder, sent=True), repeats=False, sample=TRIAL,
        sent=EXAMPLES[RULES.folder],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Tell where a rule would have sent the work items of the last thirty days; one of its name is put aside."""
        by = person(request)
        _, value = forms.parsed(request)
        document = read(RULES, value, by)
        work = Work(by, prune=False, reason=documents.REASON)
        with work.on(document, RULES.one):
            rule = RULES.judged(work, document)
        documents.refuse(RULES.folder, work.mistakes)
        assert rule is not None  # else there was a mistake
        rule.is_on = True
        found = routing_trial.tried(rule, by, timezone.now())
        titles = {row.item.pk: row.title for row in rows_of([each.item for each in found.examples], by)}
        said = {
            "days": routing_trial.DAYS, "looked": found.looked, "cut": found.cut, "decided": found.decided,
            "moved": found.moved, "kept": found.kept, "went": found.went, "currency": found.currency,
            "lost": found.lost, "beaten": _counts(found.beaten), "ties": _counts(found.ties),
            "examples": [
                {"number": each.item.pk, "title": titles[each.item.pk], "now": each.now, "then": each.then}
                for each in found.examples
            ],
        }  # fmt: skip
        return Response(RoutingTrialShape(said).data)


def _counts(rules: list[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"rule": name, "count": number} for name, number in rules]
