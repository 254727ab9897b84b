"""What the lists of bulk runs and of their members can be narrowed by: for pages and API."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django_filters import FilterSet

from exceptions_queue.models import BulkMember, BulkRun, BulkState, Outcome, Result
from governance.filtering import Flag, One, Text


class BulkRunFilter(FilterSet):
    """Narrows bulk runs."""

    who = Text(field_name="actor_name", lookup_expr="icontains", longest=150, help_text="a part of who planned it")
    day = Text(method="of_day", longest=10, help_text="on which it was planned: 2026-10-05")
    state = One(choices=BulkState.choices, help_text="how far it is")

    class Meta:
        model = BulkRun
        fields: list[str] = []

    def of_day(self, rows: Any, name: str, text: str) -> Any:
        """Keep those that were planned on a day, in UTC."""
        try:
            since = datetime.combine(datetime.strptime(text, "%Y-%m-%d"), time(), UTC)  # noqa: DTZ007 - a day
            return rows.filter(made_at__gte=since, made_at__lt=since + timedelta(days=1))
        except (ValueError, OverflowError):
            return rows.none()


class BulkMemberFilter(FilterSet):
    """Narrows the members of a bulk run."""

    outcome = One(choices=Outcome.choices, help_text="what was expected of it")
    result = One(choices=[(value, label) for value, label in Result.choices if value], help_text="what became of it")
    second_person = Flag(
        method="asks", help_text="whether a policy asks a second person because of it",
    )  # fmt: skip

    class Meta:
        model = BulkMember
        fields: list[str] = []

    def asks(self, rows: Any, name: str, asks: bool) -> Any:
        """Keep those because of which a policy asks a second person, or the others."""
        return rows.exclude(second_person="") if asks else rows.filter(second_person="")
