"""Reads YAML with the line of every value, refusing what an author cannot have meant (doubled keys, aliases)."""

from dataclasses import dataclass, field
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
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, path, source)
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, child, (*path, place), source) for place, child in enumerate(node.value)]
    if node.tag == "tag:yaml.org,2002:timestamp":
        return node.value  # "2026-01-01" is a text in a manifest; JSON knows no dates
    if node.tag == "tag:yaml.org,2002:binary":
        source.faults.append((line, "bytes (!!binary) stand here.", "Write a text, a number, true or false."))
        return None
    if "\0" in node.value:
        source.faults.append((line, NUL, "Leave it out; where it came by copying, type the text anew."))
    return loader.construct_object(node)


def _mapping(loader: Any, node: yaml.MappingNode, path: tuple[str | int, ...], source: Source) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        line = key_node.start_mark.line + 1
        if "\0" in key:
            source.faults.append((line, NUL, "Leave it out; where it came by copying, type the name anew."))
        if key in mapping:
            source.faults.append((line, f"{key!r} is written twice.", "Keep one of the two."))
        mapping[key] = _value(loader, value_node, (*path, key), source)
        source.lines[(*path, key)] = line
    return mapping
