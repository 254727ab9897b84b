"""Experience API: trying another order of exceptions, and a cut-off's rule. Nothing of either is kept.

Both are read and changed as configuration: `order-of-exceptions` and `cut-offs` of the system API.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue import order_trial, reckoning
from exceptions_queue.models import Yardstick
from exceptions_queue.models.order import COVERED, RULES, rule_problems
from exceptions_queue.pages.items import rows_of
from exceptions_queue.recurrence import Covers, Recurrence, Rule, next_dates
from exceptions_queue.yardstick import usual, wrong_rates
from governance.api import forms
from governance.api.door import Door, person
from governance.api.refusals import INVALID_BODY, FieldError, Refused
from governance.api.told import told
from governance.calendars import working_time
from governance.rights import Right, entities_visible_to, require

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOVE = {
    "number": 17, "title": "No bill rate for Advisor, EUR", "legal_entity": "HP-DE", "worth": "12500.0000",
    "worth_currency": "EUR", "due_at": "2026-10-06T16:00:00Z", "place": 1, "place_now": 3, "priority": 71,
    "priority_now": 64,
}  # fmt: skip
RULE = {"legal_entity": "HP-DE", "rule": "working_day", "number": 3, "at": "18:00", "covers": "month_before"}


@extend_schema_field({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"})
class ClockTime(serializers.TimeField):
    """A time of the day without a zone, which no format of JSON Schema is."""


class Points(forms.Whole):
    """Points of the priority."""

    def __init__(self, **more: Any) -> None:
        super().__init__(required=False, min_value=0, max_value=100, **more)


class Amount(serializers.DecimalField):
    """An amount in quotes."""

    def __init__(self, **more: Any) -> None:
        super().__init__(max_digits=14, decimal_places=2, required=False, min_value=Decimal("0.01"), **more)

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the amount; a number without quotes is none."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class OrderTrialBody(forms.Form):
    """What the order would go by; what is left out is as usual."""

    currency = forms.Text(max_length=3, required=False, help_text="in which money is compared, such as EUR")
    rate_table = forms.Text(max_length=60, required=False, allow_blank=True, help_text="lookup table of rates")
    rate_column = forms.Text(max_length=60, required=False, allow_blank=True, help_text="its column with the rate")
    money = Points(help_text="points for money at stake")
    deadline = Points(help_text="points for the deadline")
    share = Points(help_text="points for the share of a billing run")
    again = Points(help_text="points for coming back")
    nothing_below = Amount(help_text="an amount up to which money has no points")
    all_above = Amount(help_text="an amount from which money has all points")
    days = forms.Whole(required=False, min_value=1, max_value=60, help_text="working days before a deadline")


class MoveShape(serializers.Serializer[Any]):
    """A work item as it would stand, and as it stands."""

    number = serializers.IntegerField()
    title = serializers.CharField()
    legal_entity = serializers.CharField()
    worth = serializers.DecimalField(max_digits=20, decimal_places=4, allow_null=True)
    worth_currency = serializers.CharField(allow_blank=True)
    due_at = serializers.DateTimeField(allow_null=True)
    place = serializers.IntegerField(help_text="among those that were tried")
    place_now = serializers.IntegerField()
    priority = serializers.IntegerField()
    priority_now = serializers.IntegerField()


class OrderTrialShape(serializers.Serializer[Any]):
    """The first work items as they would stand."""

    items = MoveShape(many=True)


class OrderTrialsDoor(Door):
    """Trying another order."""

    layer = "experience"

    @told(OrderTrialShape, form=OrderTrialBody, repeats=False, sample={"items": [MOVE]}, sent={"money": 60})
    def post(self, request: Request) -> Response:
        """Show how the first open work items would stand by other measures. Keeps nothing."""
        by = person(request)
        require(by, Right.EDIT_CONFIGURATION, None)
        _, values = forms.read(request, OrderTrialBody, {})
        wanted = usual()
        for name, value in values.items():
            setattr(wanted, name, value)
        try:
            wanted.full_clean(validate_unique=False)
            if wrong := wrong_rates(wanted, Yardstick.objects.first()):
                raise ValidationError(wrong)
        except ValidationError as error:
            raise forms.refused(error, OrderTrialBody) from None
        found = order_trial.moves(by, wanted)
        rows = rows_of([each.item for each in found], by)
        told = [
            {"number": row.item.number, "title": row.title, "legal_entity": row.item.legal_entity.code,
             "worth": row.item.worth, "worth_currency": row.item.worth_currency, "due_at": row.item.due_at,
             "place": each.place, "place_now": each.was, "priority": row.item.priority, "priority_now": each.before}
            for each, row in zip(found, rows, strict=True)
        ]  # fmt: skip
        return Response(OrderTrialShape({"items": told}).data)


class CutOffTrialBody(forms.Form):
    """By what a cut-off's day is found."""

    legal_entity = forms.Text(max_length=20, help_text="code of the company whose calendar counts")
    rule = serializers.ChoiceField(choices=list(RULES.items()))
    number = forms.Whole(required=False, allow_null=True, default=None, min_value=0, max_value=31)
    weekday = serializers.ChoiceField(choices=WEEKDAYS, required=False, allow_null=True, default=None)
    dates = serializers.ListField(child=forms.Day(), required=False, default=list, max_length=120)
    at = ClockTime(help_text="in the time zone of the company's calendar, such as 18:00")
    covers = serializers.ChoiceField(choices=list(COVERED.items()))


class CutOffDateShape(serializers.Serializer[Any]):
    """One cut-off."""

    at = serializers.DateTimeField()
    last_day = serializers.DateField(help_text="work of days up to this has to be through")


class CutOffTrialShape(serializers.Serializer[Any]):
    """The next cut-offs."""

    items = CutOffDateShape(many=True)


class CutOffTrialsDoor(Door):
    """Trying a cut-off's rule."""

    layer = "experience"

    @told(CutOffTrialShape, form=CutOffTrialBody, repeats=False, sent=RULE,
          sample={"items": [{"at": "2026-10-05T16:00:00Z", "last_day": "2026-09-30"}]})  # fmt: skip
    def post(self, request: Request) -> Response:
        """Tell the next six cut-offs of a rule, by a company's calendar. Keeps nothing."""
        by = person(request)
        _, values = forms.read(request, CutOffTrialBody, {})
        company = entities_visible_to(by).filter(code=values["legal_entity"]).first()
        if company is None:
            words = f"There is no legal entity “{values['legal_entity']}” for you."
            raise Refused(INVALID_BODY, words, errors=[FieldError("/legal_entity", words, "the code of one")])
        weekday = None if values["weekday"] is None else WEEKDAYS.index(values["weekday"])
        if wrong := rule_problems(values["rule"], values["number"], weekday, values["dates"]):
            raise forms.refused(ValidationError(wrong), CutOffTrialBody)
        recurrence = Recurrence(
            Rule(values["rule"]), values["at"], Covers(values["covers"]), values["number"] or 0, weekday or 0,
            tuple(sorted(values["dates"])),
        )  # fmt: skip
        found = next_dates(recurrence, working_time(company), reckoning.now())
        told = [{"at": each.moment.astimezone(dt.UTC), "last_day": each.last_day} for each in found]
        return Response(CutOffTrialShape({"items": told}).data)
