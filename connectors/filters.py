"""What the list of connections can be narrowed by: one FilterSet for pages and API."""

from django_filters import FilterSet

from connectors.models import BreakerState, Connection
from governance.filtering import Flag, One, Text


class ConnectionFilter(FilterSet):
    """Narrows connections."""

    connector = Text(longest=100, help_text="name of a connector, such as harvest")
    legal_entity = Text(field_name="legal_entity__code", longest=20, help_text="code of a legal entity")
    breaker = One(
        field_name="breaker_state", choices=BreakerState.choices, help_text="whether it is paused by failures"
    )
    paused = Flag(help_text="whether a person has paused it")

    class Meta:
        model = Connection
        fields: list[str] = []
