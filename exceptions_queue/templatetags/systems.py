"""How pages name a system: those of other companies only to who sees these."""

from django import template

from connectors.models import Connection
from governance.models import User
from governance.rights import Right
from governance.scoping import ALL, entity_ids

register = template.Library()
THEIRS = "a system of another company"


@register.filter
def named_to(connection: Connection | None, user: User) -> str:
    """Return a connection's name as somebody may read it. While a page is made it asks nothing by itself."""
    if connection is None:
        return ""
    seen = entity_ids(user, Right.VIEW)
    return connection.name if seen is ALL or connection.legal_entity_id in seen else THEIRS
