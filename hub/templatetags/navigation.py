"""Gives templates the navigation of whoever looks at the page."""

from typing import Any

from django import template

from governance import rights
from governance.models import User
from hub.navigation import Group, groups_for

register = template.Library()


@register.filter
def opens_administration(user: User) -> bool:
    """Return whether the administration is open to somebody: a link into it leads nowhere for others."""
    return rights.opens_administration(user)


@register.simple_tag(takes_context=True)
def navigation(context: dict[str, Any]) -> list[Group]:
    """Return the groups of links; the page that has the mark is the one that is shown."""
    return groups_for(context["request"], context.get("section", ""))
