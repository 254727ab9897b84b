"""Shows what is stored as a structure in lines that people can read: a name and its value on each."""

from typing import Any

import yaml
from django.utils.html import format_html
from django.utils.safestring import SafeString


def in_lines(value: Any) -> SafeString | str:
    """Return the lines of what JSON can say as HTML, names in their order; a dash for nothing."""
    if value in (None, {}, [], ""):
        return "–"
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=100, default_flow_style=False)
    return format_html('<pre class="told">{}</pre>', text.removesuffix("...\n").rstrip())
