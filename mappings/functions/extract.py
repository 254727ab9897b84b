"""EXTRACT."""

from mappings.formula.arguments import searchable


def EXTRACT(text: object, regular_expression: object) -> str | None:
    """Return the part of a text that a regular expression finds: its first group, or the whole match, or blank.

    >>> EXTRACT("INV-2026-0041 paid", "INV-([0-9]{4})")
    "2026"
    """
    compiled, within = searchable(regular_expression, text)
    found = compiled.search(within)
    if found is None:
        return None
    result: str | None = found.group(1) if found.re.groups else found.group(0)
    return result
