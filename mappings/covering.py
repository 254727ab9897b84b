"""Names of other companies' connections in formulas: covered for who does not see these, and taken back.

A mapping of one company may name the connection of another one in XREF, written by somebody who sees both. Whoever does
not see that company is told no more than that something of another company stands there. A formula that is sent back
like that stays as it stands. A table's name in LOOKUP is nobody's: each company has its own table of that name, or
lacks one, and is to know which.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.utils.crypto import salted_hmac

from connectors.models import Connection
from governance.actor import By
from governance.models import Version
from governance.scoping import ALL, entity_ids
from mappings.formula.parse import parse
from mappings.formula.problems import MappingErrors
from mappings.formula.tree import Call, Constant, walk
from mappings.models.mapping import KIND
from mappings.reaching import known_to

NOT_NAMED = "one of another company"
Content = dict[str, Any]


def covered(contents: Collection[Content], *, by: By) -> list[Content]:
    """Return contents of mappings as somebody may read them. At most five queries, none where they name none."""
    hidden = _hidden_from(by, contents)
    return [_with(each, lambda text: _cover(text, hidden)) for each in contents] if hidden else list(contents)


def covered_one(content: Content, *, by: By) -> Content:
    """Return the content of a mapping as somebody may read it."""
    return covered([content], by=by)[0]


def taken_back(content: Content, *, by: By, key: str) -> Content:
    """Return a content with the formulas that are covered in it as they stand in a version of the mapping of a key."""
    if not any(NOT_NAMED in text for text in _texts(content)):
        return content
    stand = list(Version.objects.of(KIND, key).order_by("number").values_list("content", flat=True))
    hidden = _hidden_from(by, stand)
    stood = {_cover(text, hidden): text for each in stand for text in _texts(each)}  # the newest counts
    made: Content = _with(content, lambda text: stood.get(text, text) if NOT_NAMED in text else text)
    return made


def _hidden_from(by: By, contents: Iterable[Content]) -> dict[str, str]:
    """Return the short names in formulas that somebody does not see, each with what stands in its place."""
    if entity_ids(by) is ALL:
        return {}
    slugs = {str(each.value) for content in contents for text in _texts(content) for each in _named_in(text)}
    if not slugs:
        return {}
    there = set(Connection.objects.filter(slug__in=slugs).values_list("slug", flat=True))
    drafts = Version.objects.filter(kind="connection", object_key__in=slugs - there)
    there |= set(drafts.values_list("object_key", flat=True))
    return {each: f"{NOT_NAMED} ({_number(each)})" for each in there - known_to(slugs, by)}


def _number(name: str) -> int:
    """Return a number by which two that are covered are told apart, and which tells nothing of their names."""
    return int(salted_hmac("covered names", name).hexdigest()[:8], 16) % 900 + 100


def _cover(text: str, hidden: dict[str, str]) -> str:
    for named in sorted(_named_in(text), key=lambda each: -each.position):
        if str(named.value) in hidden:
            quoted = text[named.position]
            end = text.index(quoted, named.position + 1)
            text = f"{text[: named.position]}{quoted}{hidden[str(named.value)]}{quoted}{text[end + 1 :]}"
    return text


def _named_in(text: str) -> Iterator[Constant]:
    """Yield the connections that a formula names, each with where."""
    if "XREF" not in text.upper():
        return
    try:
        tree = parse(text)
    except (MappingErrors, RecursionError):
        return  # no formula: a message, a meaning
    for node in walk(tree):
        third = node.arguments[2] if isinstance(node, Call) and len(node.arguments) > 2 else None
        if isinstance(node, Call) and node.name == "XREF" and isinstance(third, Constant) and third.value:
            yield third


def _with(value: Any, change: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with(each, change) for name, each in value.items()}
    if isinstance(value, list):
        return [_with(each, change) for each in value]
    return change(value) if isinstance(value, str) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value
