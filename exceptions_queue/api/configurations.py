"""Experience API: with which configurations an item's members can be sent again. Nothing is written or sent."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue import version_chooser
from exceptions_queue.api import samples
from exceptions_queue.api.items import CAUSE, item_of, meant
from exceptions_queue.pages.trials import lines
from exceptions_queue.trying import Outcome
from exceptions_queue.verbs.members import NotPossible, chosen
from exceptions_queue.version_chooser import MOST, Offer
from governance.api import forms
from governance.api.door import Door, person
from governance.api.refusals import NOT_POSSIBLE, Refused
from governance.api.told import told
from governance.rights import require
from governance.roles import Right
from routes.worked_out import Start


class ConfigurationsBody(forms.Form):
    """Which members are tried with each configuration, and where they begin."""

    failures = serializers.ListField(
        child=forms.Id(), required=False, allow_null=True, default=None, min_length=1, max_length=MOST,
        help_text="ids of members; left out: the oldest ones",
    )  # fmt: skip
    start = serializers.ChoiceField(
        choices=[each.value for each in Start], required=False, default=Start.SOURCE.value,
        help_text="with what the source sent, or with the stage that stopped it",
    )  # fmt: skip


class TriedOutcomeShape(serializers.Serializer[Any]):
    """How many of those that were tried would end so."""

    outcome = serializers.ChoiceField(choices=[each.value for each in Outcome])
    members = serializers.IntegerField()


class GapShape(serializers.Serializer[Any]):
    """What does not fit, and what to do about it."""

    words = serializers.CharField()
    members = serializers.IntegerField()
    failure = serializers.UUIDField(allow_null=True, help_text="one that it is so for")
    remedy = serializers.CharField(allow_blank=True)


class ConfigurationShape(serializers.Serializer[Any]):
    """One configuration that may be chosen."""

    configuration = serializers.CharField(help_text="what a resubmission is sent with: now, then or mapping@version")
    title = serializers.CharField()
    mappings = serializers.CharField(allow_blank=True, help_text="with their versions")
    who = serializers.CharField(allow_blank=True, help_text="has published it last, or written the draft")
    at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    draft = serializers.BooleanField(help_text="only for dry runs")
    may_send = serializers.BooleanField()
    cannot = serializers.CharField(allow_blank=True, help_text="why the caller may not send with it")
    outcomes = TriedOutcomeShape(many=True)
    different = serializers.ListField(child=serializers.CharField(), help_text="from what it was made with, in words")
    rows = serializers.ListField(child=serializers.CharField(), help_text="rows of tables that are read otherwise")
    gaps = GapShape(many=True)
    warning = serializers.CharField(allow_blank=True, help_text="what choosing it would leave out")


class ConfigurationsShape(serializers.Serializer[Any]):
    """What an item's members can be sent again with."""

    members = serializers.IntegerField(help_text="open members of the item")
    tried = serializers.IntegerField()
    configurations = ConfigurationShape(many=True)


class ConfigurationsDoor(Door):
    """What members can be sent again with."""

    layer = "experience"
    accepts = ("cause",)

    @told(
        ConfigurationsShape, form=ConfigurationsBody, repeats=False, sent={"start": "source"}, more=(CAUSE,),
        sample=samples.CONFIGURATIONS,
    )  # fmt: skip
    def post(self, request: Request, number: int) -> Response:
        """Show with which configurations members can be sent again: what differs, and what becomes of them with each.

        Keeps and sends nothing.
        """
        by = person(request)
        item = meant(request, item_of(by, number))
        require(by, Right.WORK_QUEUE, item.legal_entity_id)
        _, values = forms.read(request, ConfigurationsBody, {})
        try:
            members = (
                chosen(item, values["failures"])
                if values["failures"]
                else list(item.failures().filter(record_id__isnull=False).order_by("pk")[:MOST])
            )
        except NotPossible as error:
            raise Refused(NOT_POSSIBLE, str(error)) from error
        found = version_chooser.offers(item, members, by=by, start=Start(values["start"]))
        return Response(
            {"members": item.members, "tried": len(members), "configurations": [_shown(each) for each in found]}
        )


def _shown(offer: Offer) -> dict[str, Any]:
    gaps = [{"words": g.words, "members": g.members, "failure": g.failure, "remedy": g.remedy} for g in offer.gaps]
    return {
        "configuration": offer.value, "title": offer.label, "mappings": offer.mappings, "who": offer.who,
        "at": offer.when, "note": offer.note, "draft": offer.draft, "may_send": offer.may_send,
        "cannot": offer.cannot, "different": offer.different, "rows": offer.rows, "gaps": gaps,
        "outcomes": [{"outcome": line.outcome.value, "members": line.count} for line in lines(offer.trials)],
        "warning": offer.warning,
    }  # fmt: skip
