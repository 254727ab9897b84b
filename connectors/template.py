"""The small template language of manifests: `{answers.account_id}`, `{cursor.since?|format:%Y-%m-%d}`. No logic.

A template is read once, when the manifest is; rendering cannot reach an attribute, call anything or loop. A value that
is absent is an error, unless its placeholder ends in `?`: then it is nothing, and a query parameter, header or field
which consists of it alone is left out. `{{` and `}}` stand for braces.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec

Scope = Mapping[str, Any]
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[a-z][A-Za-z0-9_]*(\.[A-Za-z0-9][A-Za-z0-9_]*)*\??")


class TemplateError(ValueError):
    """A template is written wrongly, or a value that it needs is absent."""


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    moment = datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _replaced(text: str, pair: str) -> str:
    old, new = pair.split(":", 1)
    return text.replace(old, new)


def _base64url(value: Any) -> str:
    return base64.urlsafe_b64encode(str(value).encode()).decode()


FILTERS: dict[str, Callable[[Any, str], Any]] = {
    "lower": lambda value, _: str(value).lower(),
    "upper": lambda value, _: str(value).upper(),
    "replace": lambda value, pair: _replaced(str(value), pair),
    "base64": lambda value, _: base64.b64encode(str(value).encode()).decode(),
    "base64url": lambda value, _: _base64url(value),
    "int": lambda value, _: int(value),
    "quote": lambda value, _: str(value).replace("'", "''"),
    "path": lambda value, _: quote(str(value), safe=""),
    "raw": lambda value, _: value,
    "iso": lambda value, _: _moment(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "format": lambda value, form: _moment(value).astimezone(UTC).strftime(form),
    "epoch": lambda value, _: int(_moment(value).timestamp()),
    "part": lambda value, name: getattr(_moment(value).astimezone(UTC), name),
}
PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{name|filter:argument}`."""

    name: str
    steps: tuple[str, ...]
    optional: bool
    filters: tuple[tuple[str, str], ...]

    def value(self, scope: Scope) -> Any:
        """Return the filtered value, None when it is absent and may be; otherwise raise TemplateError."""
        found: Any = scope
        for step in self.steps:
            found = found.get(step) if isinstance(found, Mapping) else None
            if found is None:
                break
        if found is None or (found == "" and self.optional):
            if self.optional:
                return None
            raise TemplateError(f"{{{self.name}}} has no value here")
        for name, argument in self.filters:
            try:
                found = FILTERS[name](found, argument)
            except (ValueError, TypeError, AttributeError) as error:
                shown = "its value" if self.steps[0] in ("secrets", "token") else repr(found)
                raise TemplateError(f"{{{self.name}}}: {shown} does not fit the filter {name}") from error
        return found


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders; `escape` (percent-encoding, in paths) is applied to values, not to the text."""

    parts: tuple[str | Placeholder, ...]
    escape: bool = False

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    @property
    def constant(self) -> str | None:
        """Return the text when nothing in it varies."""
        if not self.parts:
            return ""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], str) else None

    def render(self, scope: Scope) -> Any:
        """Return the text, or the placeholder's own value (with its type) when the template is nothing else."""
        if len(self.parts) == 1 and not self.escape:
            only = self.parts[0]
            return only if isinstance(only, str) else only.value(scope)
        return "".join(part if isinstance(part, str) else self._text(part, scope) for part in self.parts)

    def text(self, scope: Scope) -> str:
        """Return the rendered text; nothing is an empty text."""
        value = self.render(scope)
        return "" if value is None else str(value)

    def bind(self, scope: Scope) -> "Template":
        """Return the template with every placeholder filled whose root is in the scope."""
        parts: list[str | Placeholder] = []
        for part in self.parts:
            known = isinstance(part, Placeholder) and part.steps[0] in scope
            filled = self._text(part, scope) if known and isinstance(part, Placeholder) else part
            if isinstance(filled, str) and parts and isinstance(parts[-1], str):
                parts[-1] += filled
            else:
                parts.append(filled)
        return Template(tuple(parts), self.escape)

    def _text(self, part: Placeholder, scope: Scope) -> str:
        value = part.value(scope)
        if value is None:
            return ""
        raw = not self.escape or any(name in ("raw", "path") for name, _ in part.filters)
        return str(value) if raw else quote(str(value), safe="-._~:")


def compile_template(written: Any, *, escape: bool = False) -> Template:
    """Read a template; raises TemplateError saying what is wrong and what would be right."""
    text = written if isinstance(written, str) else _scalar(written)
    parts: list[str | Placeholder] = []
    position = 0
    for match in _PLACEHOLDER.finditer(text):
        literal = text[position : match.start()]
        position = match.end()
        if match.group() in ("{{", "}}"):
            literal += match.group()[0]
        if literal:
            parts.append(literal)
        if match.group(1) is not None:
            parts.append(_placeholder(match.group(1)))
        elif match.group() in ("{", "}"):
            raise TemplateError(f"a lone {match.group()} in {text!r}; write {match.group() * 2} for a brace")
    if text[position:]:
        parts.append(text[position:])
    return Template(_joined(parts), escape)


def _joined(parts: list[str | Placeholder]) -> tuple[str | Placeholder, ...]:
    joined: list[str | Placeholder] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _placeholder(inside: str) -> Placeholder:
    name, *filters = inside.split("|")
    if not _NAME.fullmatch(name):
        raise TemplateError(f"{{{inside}}} is not a name; write for example {{answers.account_id}}")
    pairs = tuple(_filter(written) for written in filters)
    return Placeholder(name, tuple(name.rstrip("?").split(".")), name.endswith("?"), pairs)


def _filter(written: str) -> tuple[str, str]:
    name, _, argument = written.partition(":")
    if name not in FILTERS:
        raise TemplateError(f"unknown filter {name!r}; there are {', '.join(sorted(FILTERS))}")
    if name == "replace" and ":" not in argument:
        raise TemplateError("the filter replace is written replace:old:new")
    if name == "part" and argument not in PARTS:
        raise TemplateError(f"the filter part takes one of {', '.join(PARTS)}")
    return name, argument


class Structure:
    """A JSON value with templates in its texts; an optional field without a value is left out."""

    __slots__ = ("node",)

    def __init__(self, written: Any) -> None:
        self.node = _compile_node(written)

    def render(self, scope: Scope) -> Any:
        """Return the JSON value for this scope."""
        return _render_node(self.node, scope)

    def json(self, scope: Scope) -> bytes:
        """Return the rendered value as JSON bytes."""
        return msgspec.json.encode(self.render(scope))

    def placeholders(self) -> list[Placeholder]:
        """Return every placeholder inside."""
        return _placeholders_of(self.node)


def _compile_node(written: Any) -> Any:
    if isinstance(written, dict):
        return {key: _compile_node(item) for key, item in written.items()}
    if isinstance(written, list):
        return [_compile_node(item) for item in written]
    return compile_template(written) if isinstance(written, str) else written


def _render_node(node: Any, scope: Scope) -> Any:
    if isinstance(node, Template):
        return node.render(scope)
    if isinstance(node, dict):
        rendered = ((key, item, _render_node(item, scope)) for key, item in node.items())
        return {key: value for key, item, value in rendered if value is not None or not isinstance(item, Template)}
    if isinstance(node, list):
        return [_render_node(item, scope) for item in node]
    return node


def _placeholders_of(node: Any) -> list[Placeholder]:
    if isinstance(node, Template):
        return list(node.placeholders)
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [placeholder for child in children for placeholder in _placeholders_of(child)]


@dataclass(frozen=True, slots=True)
class Encoded:
    """JSON inside a header or a query parameter, as text or base64url."""

    structure: Structure
    base64url: bool

    def render(self, scope: Scope) -> str:
        """Return the encoded text."""
        data = self.structure.json(scope).decode()
        return _base64url(data) if self.base64url else data

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        return tuple(self.structure.placeholders())


Templates = tuple[tuple[str, Template | Encoded], ...]


def compile_templates(written: Mapping[str, Any] | None) -> Templates:
    """Read a map of headers or query parameters."""
    return tuple((name, _entry(item)) for name, item in (written or {}).items())


def _entry(item: Any) -> Template | Encoded:
    if isinstance(item, dict):
        return Encoded(Structure(item["json"]), item.get("encode") == "base64url")
    return compile_template(item)


def render_all(templates: Templates, scope: Scope) -> dict[str, str]:
    """Return name -> text, without those that have no value."""
    rendered = ((name, template.render(scope)) for name, template in templates)
    return {name: _scalar(value) for name, value in rendered if value is not None}
