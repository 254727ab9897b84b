"""How pages name a system or a route: those of other companies only to who sees these."""

from django import template

from connectors.models import Connection
from exceptions_queue import naming
from governance.models import User
from routes.models import Route

register = template.Library()
THEIRS = naming.THEIRS


@register.filter
def named_to(thing: Connection | Route | None, user: User) -> str:
    """Return a name as somebody may read it. While a page is made it asks nothing by itself."""
    return naming.name_of(thing, user)
