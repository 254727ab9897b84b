"""The table of all settings as the operator's guide has it."""

from collections.abc import Iterator

from hub.environment.declared import VARIABLES, Variable


def table() -> str:
    """Return the table in Markdown, a row for each setting; what can come from a file has its second name."""
    rows = ("| setting | default | accepted | what it is |", "|---|---|---|---|")
    return "\n".join((*rows, *(f"| {' | '.join(_cells(each))} |" for each in VARIABLES)))


def _cells(variable: Variable[object]) -> Iterator[str]:
    yield f"`{variable.name}`" + (f", `{variable.file}`" if variable.secret else "")
    yield variable.default_in_words or _default(variable.default)
    yield variable.kind.accepted
    yield variable.meaning


def _default(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:g}" if isinstance(value, float) else str(value)
