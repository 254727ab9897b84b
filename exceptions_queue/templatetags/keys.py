"""Gives templates the keys of the pages."""

from typing import Any

from django import template

from exceptions_queue import keyboard

register = template.Library()


@register.simple_tag
def keyboard_groups() -> tuple[keyboard.Group, ...]:
    """Return all keys by where they work."""
    return keyboard.groups()


@register.filter
def shortcuts(keys: str) -> str:
    """Return the keys of a part of a page as `aria-keyshortcuts` has them: "R Shift+R"."""
    return " ".join(each.partition(":")[0] for each in keys.split())


@register.filter
def pressed(keys: str) -> list[list[str]]:
    """Return the keys of a part of a page as they are shown: the parts of each."""
    return [each.partition(":")[0].split("+") for each in keys.split()]


@register.simple_tag(takes_context=True)
def keys_are_on(context: dict[str, Any]) -> bool:
    """Return whether single keys work for whoever looks at the page."""
    user = getattr(context.get("request"), "user", None)
    return bool(user is not None and user.is_authenticated and user.single_keys)
