"""What lists of tables, rows, cross-references and mappings can be narrowed by: one FilterSet for pages and API."""

from django.db.models import Q, QuerySet
from django_filters import FilterSet

from connectors.models import Connection
from governance.filtering import One, Text
from governance.models import Version
from governance.models.version import State
from governance.scoping import EntityScopedQuerySet
from mappings import discreet
from mappings.models import CrossReference, LookupTable, Mapping, TableRow

COUNTING = {
    "in_force": Q(approved_at__isnull=False, recorded_to__isnull=True),
    "waiting": Q(approved_at__isnull=True, recorded_to__isnull=True),
    "ended": Q(recorded_to__isnull=False),
}


class TableFilter(FilterSet):
    """Narrows lookup tables."""

    name = Text(longest=60, help_text="as formulas write it, such as bill_rates")
    legal_entity = Text(field_name="legal_entity__code", longest=20, help_text="code of a legal entity")

    class Meta:
        model = LookupTable
        fields: list[str] = []


class TableRowFilter(FilterSet):
    """Narrows rows of a table."""

    state = One(
        method="that_stand",
        choices=[("in_force", "in force"), ("waiting", "waiting for a second person"), ("ended", "ended")],
        help_text="whether they count",
    )
    key = Text(method="that_begin_with", help_text="first part of the key")

    class Meta:
        model = TableRow
        fields: list[str] = []

    def that_stand(self, rows: QuerySet[TableRow], name: str, state: str) -> QuerySet[TableRow]:
        """Keep those in one of three states."""
        return rows.filter(COUNTING[state])

    def that_begin_with(self, rows: QuerySet[TableRow], name: str, key: str) -> QuerySet[TableRow]:
        """Keep those whose key has this first part, where whoever asks may read it."""
        first = rows.select_related("table").first()
        return rows if first is None else discreet.those_with_first_part(rows, key, first.table, self.request.user)


class CrossReferenceFilter(FilterSet):
    """Narrows cross-references."""

    entity = Text(longest=40, help_text="canonical entity, such as project")
    connection = Text(method="of_connection", longest=50, help_text="short name of a connection")
    legal_entity = Text(field_name="legal_entity__code", longest=20, help_text="code of a legal entity")
    key = Text(field_name="canonical_key", method="with_value", help_text="our key, exactly")
    external_id = Text(field_name="external_id", method="with_value", help_text="the system's own id, exactly")

    class Meta:
        model = CrossReference
        fields: list[str] = []

    def of_connection(self, rows: QuerySet[CrossReference], name: str, slug: str) -> QuerySet[CrossReference]:
        """Keep those of a connection that whoever asks sees."""
        systems = Connection.objects.visible_to(self.request.user).filter(slug=slug)
        return rows.filter(connection_id__in=systems.values("pk"))

    def with_value(
        self, rows: EntityScopedQuerySet[CrossReference], name: str, value: str
    ) -> EntityScopedQuerySet[CrossReference]:
        """Keep those with a value, where whoever asks may read it."""
        return discreet.references_with(rows, name, value, self.request.user)


class MappingFilter(FilterSet):
    """Narrows mappings."""

    legal_entity = Text(field_name="legal_entity__code", longest=20, help_text="code of a legal entity")
    source = Text(longest=120, help_text="what it reads, such as harvest time_entries")
    target = Text(longest=120, help_text="what it makes, such as time_entry")

    class Meta:
        model = Mapping
        fields: list[str] = []


class VersionFilter(FilterSet):
    """Narrows versions."""

    state = One(choices=State.choices, help_text="how far it has come")

    class Meta:
        model = Version
        fields: list[str] = []
