"""MATCHES."""

from mappings.formula.arguments import searchable


def MATCHES(text: object, regular_expression: object) -> bool:
    """Tell whether a whole text has the form of a regular expression (RE2's language, always fast).

    >>> MATCHES(project.code, "P-[0-9]{3,4}")
    TRUE
    """
    compiled, within = searchable(regular_expression, text)
    return compiled.fullmatch(within) is not None
