"""Shows what is stored as a structure in lines that people can read: a name and its value on each."""

from typing import Any

import yaml
from django.utils.html import format_html
from django.utils.safestring import SafeString


def in_lines(value: Any, *, plainly: bool = False) -> SafeString | str:
    """Return the lines of what JSON can say as HTML, names in their order; a dash for nothing.

    `plainly` writes the names of fields as people read them: "valid_to" is "valid to".
    """
    if value in (None, {}, [], ""):
        return "–"
    if plainly:
        value = _plain(value)
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=100, default_flow_style=False)
    return format_html('<pre class="told">{}</pre>', text.removesuffix("...\n").rstrip())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name).replace("_", " "): _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
