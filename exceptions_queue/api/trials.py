"""Experience API: a dry run of an item's members. Nothing is written or sent."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue import configurations
from exceptions_queue.api import samples
from exceptions_queue.api.items import CAUSE, item_of, meant
from exceptions_queue.pages.trials import MOST
from exceptions_queue.trying import Idempotency, Outcome, Trial, tries
from exceptions_queue.verbs.members import NotPossible, chosen
from governance.api import forms
from governance.api.door import Door, person
from governance.api.refusals import NOT_POSSIBLE, Refused
from governance.api.told import told
from governance.rights import require
from governance.roles import Right
from routes.worked_out import Start


class MemberTrialBody(forms.Form):
    """Which members are tried, where they begin, and with which configuration."""

    failures = serializers.ListField(
        child=forms.Id(), required=False, allow_null=True, default=None, min_length=1, max_length=MOST,
        help_text="ids of members; left out: the oldest ones",
    )  # fmt: skip
    start = serializers.ChoiceField(
        choices=[each.value for each in Start], required=False, default=Start.SOURCE.value,
        help_text="with what the source sent, or with the stage that stopped it",
    )  # fmt: skip
    configuration = forms.Text(
        required=False,
        default="now",
        max_length=220,
        help_text="now, then, or a mapping's version or draft, as mapping@2",
    )


class FieldDifferenceShape(serializers.Serializer[Any]):
    """One field that would be sent with another value than the last time."""

    name = serializers.CharField()
    was = serializers.JSONField(allow_null=True)
    now = serializers.JSONField(allow_null=True)


class RuleVerdictShape(serializers.Serializer[Any]):
    """What one rule says."""

    name = serializers.CharField()
    verdict = serializers.CharField(help_text="holds, warns, broken or not asked")
    words = serializers.CharField(allow_blank=True)
    waivable = serializers.BooleanField()


class MemberTrialShape(serializers.Serializer[Any]):
    """What would become of one member. What is hidden from the caller is "•••"."""

    failure = serializers.UUIDField()
    transaction = serializers.UUIDField(allow_null=True)
    key = serializers.CharField(allow_blank=True)
    destination = serializers.CharField(allow_blank=True)
    outcome = serializers.ChoiceField(choices=[each.value for each in Outcome])
    words = serializers.CharField()
    idempotency = serializers.ChoiceField(choices=[each.value for each in Idempotency])
    idempotency_in_words = serializers.CharField(allow_blank=True)
    configuration = serializers.CharField(allow_blank=True)
    changed = serializers.ListField(child=serializers.CharField(), help_text="what of it differs from the last time")
    payload = serializers.DictField(child=serializers.JSONField(allow_null=True), allow_null=True)
    last = serializers.DictField(child=serializers.JSONField(allow_null=True), allow_null=True)
    last_was_sent = serializers.BooleanField()
    differences = FieldDifferenceShape(many=True)
    rules = RuleVerdictShape(many=True)
    amount = serializers.DecimalField(max_digits=20, decimal_places=4, allow_null=True)
    currency = serializers.CharField(allow_blank=True)


class TriedShape(serializers.Serializer[Any]):
    """What a dry run found."""

    members = serializers.IntegerField(help_text="open members of the item")
    trials = MemberTrialShape(many=True)


class TrialsDoor(Door):
    """A dry run."""

    layer = "experience"
    accepts = ("cause",)

    @told(
        TriedShape,
        sample=samples.TRIED,
        form=MemberTrialBody,
        repeats=False,
        sent={"configuration": "now"},
        more=(CAUSE,),
    )
    def post(self, request: Request, number: int) -> Response:
        """Show what would become of members if they were sent through again. Keeps and sends nothing."""
        by = person(request)
        item = meant(request, item_of(by, number))
        require(by, Right.WORK_QUEUE, item.legal_entity_id)
        _, values = forms.read(request, MemberTrialBody, {})
        try:
            configuration = configurations.read(values["configuration"], by)
            members = (
                chosen(item, values["failures"])
                if values["failures"]
                else list(item.failures().filter(record_id__isnull=False).order_by("pk")[:MOST])
            )
        except NotPossible as error:
            raise Refused(NOT_POSSIBLE, str(error)) from error
        found = tries(members, by=by, start=values["start"], configuration=configuration)
        return Response({"members": item.members, "trials": [_shown(trial) for trial in found]})


PLAIN = (
    "failure", "transaction", "key", "destination", "words", "configuration", "changed", "payload", "last",
    "last_was_sent", "amount", "currency",
)  # fmt: skip


def _shown(trial: Trial) -> dict[str, Any]:
    plain = {name: getattr(trial, name) for name in PLAIN}
    return plain | {
        "outcome": trial.outcome.value,
        "idempotency": trial.idempotency.value,
        "idempotency_in_words": trial.idempotency_words,
        "differences": [{"name": each.name, "was": each.was, "now": each.now} for each in trial.differences],
        "rules": [
            {"name": each.name, "verdict": each.verdict, "words": each.words, "waivable": each.waivable}
            for each in trial.rules
        ],
    }
