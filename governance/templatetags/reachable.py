"""Makes the admin's shell say to everybody what it shows: where the content is, and what its parts are called.

The shell is the library's, so it is mended as it is rendered. What needs a key or a click is in administration/keys.js.
"""

import re
from itertools import count

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

MAIN = '<div id="main"'
HEADLESS = re.compile(r"(<th\b[^>]*>)\s*(</th>)")  # the column in which inline rows are ticked to be deleted
SCROLLS = re.compile(r"data-simplebar(?=[\s>])")  # a part that scrolls by itself becomes a landmark with a name
HALVES = re.compile(r'<input(?![^>]*aria-label)([^>]*\bname="(\w+)_[01]"[^>]*\bclass="v(Date|Time)Field")')
NAMES = {"Date": "day", "Time": "time of day"}  # of the two halves of a moment, which have one label for both


@register.filter
def reachable(page: str) -> SafeString:
    """Return the page's body with a main landmark, named column heads and a name of its own for each scrolling part."""
    numbers = count(1)
    page = page.replace(MAIN, MAIN + ' role="main"', 1)
    page = HEADLESS.sub(r'\1<span class="sr-only">Delete</span>\2', page)
    page = SCROLLS.sub(lambda _: f'data-simplebar data-simplebar-aria-label="Part {next(numbers)}, scrolls"', page)
    page = HALVES.sub(lambda half: f'<input aria-label="{_of_half(half)}"{half[1]}', page)
    return mark_safe(page)  # noqa: S308 - rendered by the templates a moment ago, with everything escaped there


def _of_half(half: re.Match[str]) -> str:
    return f"{half[2].replace('_', ' ').capitalize()}, {NAMES[half[3]]}"
