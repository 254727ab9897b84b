"""Reads YAML with the line of every value, refusing what an author cannot have meant (doubled keys, aliases)."""

import math
import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

Lines = dict[tuple[str | int, ...], int]


@dataclass(slots=True)
class Source:
    """A parsed document: its value, and the line of each path in it."""

    file: str
    value: Any = None
    lines: Lines = field(default_factory=dict)
    faults: list[tuple[int, str, str]] = field(default_factory=list)  # line, message, remedy

    def line(self, path: tuple[str | int, ...]) -> int:
        """Return the line of the path, or of its nearest parent."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


YAML = "tag:yaml.org,2002:"  # the beginning of YAML's own tags, which are written as !!
SCALARS = tuple(f"{YAML}{each}" for each in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge"))
PLAIN = re.compile(r"[-+]?(0|[1-9][0-9_]*)", re.ASCII)
NUL = "a NUL character stands in a text, which no database keeps."


def read_source(text: str, file: str) -> Source:
    """Parse the text; what is not YAML becomes a fault of the source, never an exception."""
    source = Source(file)
    loader = yaml.CSafeLoader(text)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.CSafeLoader)):
            source.faults.append((1, "an alias (*name) is used.", "Write the value out where it is needed."))
            return source
        node = loader.get_single_node()
        if node is not None:
            source.value = _value(loader, node, (), source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        source.faults.append(
            (
                mark.line + 1 if mark else 1,
                f"not readable as YAML: {error.problem}.",
                "Mend the indentation or quoting.",
            )
        )
    except yaml.YAMLError as error:
        source.faults.append((1, f"not readable as YAML: {error}.", "Save the file as UTF-8 text."))
    except RecursionError:
        source.value = None
        source.faults = [(1, "it is nested too deep to mean anything.", "Write lists and maps of a few levels.")]
    finally:
        loader.dispose()
    return source


def _value(loader: Any, node: yaml.Node, path: tuple[str | int, ...], source: Source) -> Any:
    line = source.lines[path] = node.start_mark.line + 1
    if (kind := _wrong_tag(node)) is not None:
        source.faults.append((line, f"{_written(node.tag)} stands here.", f"Leave it out and write {kind}."))
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, path, source)
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, child, (*path, place), source) for place, child in enumerate(node.value)]
    if node.tag == f"{YAML}timestamp":
        return node.value  # "2026-01-01" is a text in a manifest; JSON knows no dates
    if "\0" in node.value:
        source.faults.append((line, NUL, "Leave it out; where it came by copying, type the text anew."))
    try:
        value = loader.construct_object(node)
    except (ValueError, KeyError):  # !!int and its like before what is none, or more digits than Python reads
        value = float("nan")
    if isinstance(value, float) and not math.isfinite(value):
        source.faults.append((line, f"{node.value[:40]} is no number that can be used.", "Write one in digits."))
        return None
    if not _stands_as_written(node, value):
        remedy = "Put it in quotes, or write the number that is meant in plain digits, fewer than 16 with a fraction."
        source.faults.append((line, f"{node.value[:40]} would be read as {value}.", remedy))
        return None
    return value


def _stands_as_written(node: yaml.Node, value: object) -> bool:
    """Return whether a number is read as people read it: YAML takes 010 for 8, 18:30 for 1110, and rounds fractions."""
    if node.tag == f"{YAML}int":
        return PLAIN.fullmatch(node.value) is not None
    if node.tag != f"{YAML}float":
        return True
    try:
        return Decimal(node.value.replace("_", "")) == Decimal(repr(value))
    except InvalidOperation:
        return False


def _wrong_tag(node: yaml.Node) -> str | None:
    """Return what is to be written where a node has a tag that its form cannot have, or that is not read at all."""
    if isinstance(node, yaml.MappingNode):
        return None if node.tag == f"{YAML}map" else "a map of names and values"
    if isinstance(node, yaml.SequenceNode):
        return None if node.tag == f"{YAML}seq" else "a list"
    return None if node.tag in SCALARS else "a text, a number, true or false"


def _written(tag: str) -> str:
    """Return a tag as it is written in a file."""
    if tag == f"{YAML}binary":
        return "the tag !!binary, for bytes,"
    return f"the tag !!{tag.removeprefix(YAML)}" if tag.startswith(YAML) else f"the tag {tag}"


def _mapping(loader: Any, node: yaml.MappingNode, path: tuple[str | int, ...], source: Source) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            remedy = "Write a name before the colon."
            source.faults.append((line, "a list or a map stands where a name is meant.", remedy))
            continue
        key = str(key_node.value)
        if "\0" in key:
            source.faults.append((line, NUL, "Leave it out; where it came by copying, type the name anew."))
        if key in mapping:
            source.faults.append((line, f"{key!r} is written twice.", "Keep one of the two."))
        mapping[key] = _value(loader, value_node, (*path, key), source)
        source.lines[(*path, key)] = line
    return mapping
