"""Experience API: how many work items there are for each value of the words of the line."""

from typing import Any

from django.utils import timezone
from django_filters import FilterSet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue import stake
from exceptions_queue.api import samples
from exceptions_queue.filters import LineFilter
from exceptions_queue.models import WorkItem
from exceptions_queue.query import counting, once
from exceptions_queue.query.facets import MOST, Facet
from exceptions_queue.query.line import LONGEST
from exceptions_queue.query.words import WORDS, understood
from governance.api import parameters
from governance.api.door import Door, person
from governance.api.told import told
from governance.filtering import Several

COUNTED = (*counting.ALWAYS, *counting.ON_REQUEST)


class CountFilter(FilterSet):
    """Which items are counted, and by what."""

    query = LineFilter(method="as_it_is", longest=LONGEST, help_text="the line of the list; left out: all items")
    of = Several(
        method="as_it_is", choices=[(word, WORDS[word].title) for word in COUNTED],
        help_text=f"by which words; left out: {', '.join(counting.ALWAYS)}",
    )  # fmt: skip

    class Meta:
        model = WorkItem
        fields: list[str] = []

    def as_it_is(self, rows: Any, name: str, value: Any) -> Any:
        """Leave the rows: what is counted depends on the word."""
        return rows


class ValueCountShape(serializers.Serializer[Any]):
    """How many items have one value."""

    value = serializers.CharField(help_text="as it stands in the line")
    words = serializers.CharField()
    items = serializers.IntegerField(help_text=f"at most {MOST}")
    or_more = serializers.BooleanField(help_text="whether there may be more")
    worth = serializers.DecimalField(
        max_digits=24, decimal_places=4, allow_null=True,
        help_text="what the open ones amount to in the reporting currency, no record twice; null: not told",
    )  # fmt: skip


class WordCountShape(serializers.Serializer[Any]):
    """The values of one word of the line."""

    word = serializers.CharField()
    title = serializers.CharField()
    values = ValueCountShape(many=True)
    more_values = serializers.BooleanField(help_text="whether there are further, less frequent ones")


class MostShape(serializers.Serializer[Any]):
    """One of the few causes that hold most of the money."""

    number = serializers.IntegerField()
    title = serializers.CharField()
    amount = serializers.DecimalField(max_digits=24, decimal_places=4)
    percent = serializers.IntegerField()


class FirstShape(serializers.Serializer[Any]):
    """The earliest deadline of anything that is meant."""

    due_at = serializers.DateTimeField()
    due_of = serializers.CharField()
    items = serializers.IntegerField(help_text="work items that hold something of it")
    amount = serializers.DecimalField(max_digits=24, decimal_places=4, help_text="what these amount to")


class StakeShape(serializers.Serializer[Any]):
    """What is at stake in what is open, in the reporting currency, no record's money twice."""

    items = serializers.IntegerField()
    members = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=24, decimal_places=4)
    currency = serializers.CharField()
    at_least = serializers.BooleanField(help_text="whether it is more than this: too many items share records")
    unknown = serializers.IntegerField(help_text="work items of which nobody knows the worth; they add nothing")
    partly_unknown = serializers.IntegerField(help_text="work items of which the worth is known in part")
    first = FirstShape(allow_null=True)
    explained_by = MostShape(many=True, help_text="the fewest that explain most of it")
    percent = serializers.IntegerField(help_text="how much of it they hold together")


class CountsShape(serializers.Serializer[Any]):
    """Numbers that choosing a value would lead to; an item counts once for a value."""

    counts = WordCountShape(many=True)
    at_stake = StakeShape(allow_null=True, help_text="null where nothing is open")


class ItemCountsDoor(Door):
    """How many work items there are."""

    layer = "experience"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the address."""
        return tuple(CountFilter.base_filters)

    @told(CountsShape, filters=CountFilter, sample=samples.COUNTS)
    def get(self, request: Request) -> Response:
        """Count the work items that choosing a value would leave, of those that the caller sees."""
        parameters.filtered(request, CountFilter, WorkItem.objects.none())
        by, now = person(request), timezone.now()
        found = understood(request.query_params.get("query", ""), now)
        looked_for = once.looked_for(found, by)  # a choice opened is counted without what is chosen of its word
        asked = request.query_params.getlist("of") or list(counting.ALWAYS)
        facets = {each.word: each for each in counting.always(looked_for, by, now)}
        for word in asked:
            if word not in facets:
                facets[word] = counting.on_request(found, word, by, now)
        counts = [_shown(facets[word]) for word in dict.fromkeys(asked)]
        return Response({"counts": counts, "at_stake": _at_stake(stake.stake(looked_for, by))})


def _at_stake(told: stake.Stake | None) -> dict[str, Any] | None:
    if told is None:
        return None
    first = told.first and {
        "due_at": told.first.due.moment, "due_of": told.first.of, "items": told.first.causes,
        "amount": told.first.amount,
    }  # fmt: skip
    return {
        "items": told.causes, "members": told.members, "amount": told.amount, "currency": told.currency,
        "at_least": told.at_least, "unknown": told.unknown, "partly_unknown": told.partly, "first": first,
        "explained_by": [
            {"number": each.number, "title": each.title, "amount": each.amount, "percent": each.percent}
            for each in told.explained
        ],
        "percent": told.percent,
    }  # fmt: skip


def _shown(facet: Facet) -> dict[str, Any]:
    return {
        "word": facet.word,
        "title": facet.title,
        "values": [
            {
                "value": each.value,
                "words": each.words,
                "items": min(each.number, MOST),
                "or_more": each.at_least or each.number > MOST,
                "worth": each.worth,
            }
            for each in facet.values
        ],
        "more_values": facet.more,
    }
