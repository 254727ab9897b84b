"""What the list of work items can be narrowed by: one FilterSet for pages and API."""

from django.db.models import QuerySet
from django_filters import FilterSet

from canonical.failure import CATEGORIES, Category
from exceptions_queue.models import State, WorkItem
from governance.filtering import Flag, Moment, One, Several, Text
from routes.models import Route


class WorkItemFilter(FilterSet):
    """Narrows work items."""

    state = Several(choices=State.choices, help_text="how far the work is")
    kind = One(
        field_name="category",
        choices=[(c.value, CATEGORIES[c].title) for c in Category],
        help_text="kind of cause",
    )
    legal_entity = Text(field_name="legal_entity__code", longest=20, help_text="code of a legal entity")
    route = Text(method="of_route", longest=80, help_text="short name of the route where it was first seen")
    connection = Text(field_name="connection__slug", longest=50, help_text="short name of a connection")
    assigned = Flag(method="that_somebody_took", help_text="whether somebody has taken it")
    since = Moment(field_name="first_seen", lookup_expr="gte", help_text="first seen at this time or later")
    until = Moment(field_name="first_seen", lookup_expr="lt", help_text="first seen before this time")

    class Meta:
        model = WorkItem
        fields: list[str] = []

    def of_route(self, rows: QuerySet[WorkItem], name: str, slug: str) -> QuerySet[WorkItem]:
        """Keep those of a route."""
        return rows.filter(route_id__in=Route.objects.filter(slug=slug).values("pk"))

    def that_somebody_took(self, rows: QuerySet[WorkItem], name: str, taken: bool) -> QuerySet[WorkItem]:
        """Keep those that somebody works on, or those that nobody does."""
        return rows.exclude(assignee="") if taken else rows.filter(assignee="")
