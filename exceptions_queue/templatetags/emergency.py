"""Gives templates the emergency modes that somebody works in, for the banner of every page."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils import timezone

from exceptions_queue import emergencies
from exceptions_queue.models import Emergency

register = template.Library()


@register.simple_tag(takes_context=True)
def emergency_modes(context: dict[str, Any]) -> Sequence[Emergency]:
    """Return those of whoever looks at the page. No query where they work in none."""
    user = getattr(context.get("request"), "user", None)
    if user is None or not user.is_authenticated or (user.emergency_until or timezone.now()) <= timezone.now():
        return []
    return emergencies.open_ones(user)
