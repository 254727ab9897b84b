"""Why a number or a choice is not taken stands in the API's words, with what would be accepted; none of a framework."""

import json
from typing import Any

import pytest
from django.test import RequestFactory
from django_filters import FilterSet
from rest_framework import serializers
from rest_framework.request import Request

from governance.api import forms, parameters
from governance.api.refusals import Refused
from governance.filtering import One, Several, Text
from governance.models import User


class Asked(forms.Form):
    """A body with a number between two ends, and a choice."""

    count = forms.Whole(min_value=1, max_value=500, required=False)
    kind = serializers.ChoiceField(choices=["time", "expense"], required=False)


class Narrowed(FilterSet):
    """Parameters that are chosen."""

    state = One(choices=[("open", "open"), ("done", "done")])
    kinds = Several(choices=[("time", "time"), ("expense", "expense")])
    words = Text(longest=5)


@pytest.mark.parametrize(
    ("field", "given", "told", "accepted"),
    [
        ("count", 0, "The number is less than 1.", "a whole number from 1 to 500 without quotes"),
        ("count", 501, "The number is more than 500.", "a whole number from 1 to 500 without quotes"),
        ("count", "5", "This is no whole number.", "a whole number from 1 to 500 without quotes"),
        ("kind", "nope", "This is none of the values that it takes.", "one of time, expense"),
    ],
)
def test_number_or_choice_of_a_body_is_refused_in_our_words(field: str, given: Any, told: str, accepted: str) -> None:
    made = RequestFactory().post("/x", json.dumps({field: given}), content_type="application/json")
    with pytest.raises(Refused) as refused:
        forms.read(Request(made), Asked, {})
    assert [(each.pointer, each.detail, each.accepted) for each in refused.value.errors] == [
        (f"/{field}", told, accepted)
    ]


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("state", "nope", "“nope” is none of its values."),
        ("kinds", "nope", "“nope” is none of its values."),
        ("words", "too long", "The text is too long."),
    ],
)
def test_parameter_is_refused_in_our_words(name: str, given: str, told: str) -> None:
    made = Request(RequestFactory().get("/x", {name: given}))
    with pytest.raises(Refused) as refused:
        parameters.filtered(made, Narrowed, User.objects.none())
    assert [(each.parameter, each.detail) for each in refused.value.errors] == [(name, told)]
