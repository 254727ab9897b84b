"""What the list of work items can be narrowed by: one FilterSet for pages and API."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import FilterSet

from canonical.failure import CATEGORIES, Category
from connectors.models import Connection
from exceptions_queue.deadlines import blocking
from exceptions_queue.models import WHOSE, ApprovalRequest, Deed, EmergencyDeed, RequestState, Review, State, WorkItem
from exceptions_queue.models.handling import LONGEST_TAG
from exceptions_queue.models.work_item import WorkItemQuerySet
from exceptions_queue.query.compiled import conditions_of
from exceptions_queue.query.line import LONGEST
from exceptions_queue.query.words import understood
from governance.filtering import Flag, Moment, One, Several, Text
from routes.models import Route


class LineField(forms.CharField):
    """The line by which the list is narrowed."""

    def clean(self, value: Any) -> Any:
        """Return the line as it was typed, once every word of it is understood."""
        text = super().clean(value)
        if wrong := understood(text or "", timezone.now()).wrong:
            raise ValidationError([str(each) for each in wrong])
        return text


class LineFilter(Text):
    """Several words at once, as people type them above the list."""

    field_class = LineField


class WorkItemFilter(FilterSet):
    """Narrows work items."""

    query = LineFilter(
        method="that_fit", longest=LONGEST,
        help_text='the line of the list: `is:open class:missing_reference amount:>1000 "free words"`',
    )  # fmt: skip
    state = Several(choices=State.choices, help_text="how far the work is")
    kind = One(
        field_name="category",
        choices=[(c.value, CATEGORIES[c].title) for c in Category],
        help_text="kind of cause",
    )
    legal_entity = Text(field_name="legal_entity__code", longest=20, help_text="code of a legal entity")
    route = Text(method="of_route", longest=80, help_text="short name of the route where it was first seen")
    connection = Text(method="of_connection", longest=50, help_text="short name of a connection")
    assigned = Flag(method="that_somebody_took", help_text="whether somebody has taken it")
    whose = One(method="that_are", choices=WHOSE, help_text="the caller's own, nobody's, or with something for them")
    tag = Text(field_name="tags__name", longest=LONGEST_TAG, help_text="a tag, as it is shown")
    blocks = Text(
        method="that_block", longest=200, help_text="deadline that it blocks, as the list's addresses name it"
    )
    since = Moment(field_name="first_seen", lookup_expr="gte", help_text="first seen at this time or later")
    until = Moment(field_name="first_seen", lookup_expr="lt", help_text="first seen before this time")

    class Meta:
        model = WorkItem
        fields: list[str] = []

    def that_fit(self, rows: QuerySet[WorkItem], name: str, line: str) -> QuerySet[WorkItem]:
        """Keep those that a line means, to whoever asks."""
        return rows.filter(conditions_of(line, self.request.user))

    def of_route(self, rows: QuerySet[WorkItem], name: str, slug: str) -> QuerySet[WorkItem]:
        """Keep those of a route that whoever asks sees."""
        return rows.filter(route_id__in=Route.objects.visible_to(self.request.user).filter(slug=slug).values("pk"))

    def of_connection(self, rows: QuerySet[WorkItem], name: str, slug: str) -> QuerySet[WorkItem]:
        """Keep those at a connection that whoever asks sees."""
        return rows.filter(connection__in=Connection.objects.visible_to(self.request.user).filter(slug=slug))

    def that_somebody_took(self, rows: QuerySet[WorkItem], name: str, taken: bool) -> QuerySet[WorkItem]:
        """Keep those that somebody works on, or those that nobody does."""
        return rows.exclude(assignee="") if taken else rows.filter(assignee="")

    def that_are(self, rows: WorkItemQuerySet, name: str, whose: str) -> WorkItemQuerySet:
        """Keep the caller's own, nobody's, or those with something for them."""
        return rows.whose(whose, self.request.user)

    def that_block(self, rows: QuerySet[WorkItem], name: str, key: str) -> QuerySet[WorkItem]:
        """Keep those of which something blocks a deadline."""
        return rows.filter(blocking(key))


class EmergencyDeedFilter(FilterSet):
    """What the list may be narrowed by."""

    review = One(choices=Review.choices, help_text="what a second person said of it")
    deed = One(choices=Deed.choices, help_text="what was done")

    class Meta:
        model = EmergencyDeed
        fields: list[str] = []


class ApprovalRequestFilter(FilterSet):
    """What the list may be narrowed by."""

    state = One(choices=RequestState.choices, help_text="what became of it")
    deed = One(choices=Deed.choices, help_text="what it is about")

    class Meta:
        model = ApprovalRequest
        fields: list[str] = []
