"""MATCHES."""

from mappings.formula.arguments import pattern
from mappings.formula.values import bounded
from mappings.formula.values import text as as_text


def MATCHES(text: object, regular_expression: object) -> bool:
    """Tell whether a whole text has the form of a regular expression (RE2's language, always fast).

    >>> MATCHES(project.code, "P-[0-9]{3,4}")
    TRUE
    """
    return pattern(regular_expression).fullmatch(bounded(as_text(text))) is not None
