"""Gives templates the keys of the pages."""

from functools import cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.safestring import SafeString

from exceptions_queue import keyboard

register = template.Library()


@register.simple_tag
def told_keys() -> SafeString:
    """Return the markup of all keys by where they work."""
    return _told_keys(get_script_prefix())


@cache
def _told_keys(below: str) -> SafeString:
    """Return it for addresses below one; drawn once, as it is the same on every page and was a fifth of a small one."""
    return render_to_string("components/key_groups.html", {"groups": keyboard.groups()})


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
