"""Mappings as people write them: YAML in, every problem with its line out; and back to YAML."""

import re
from typing import Any

import yaml

from connectors.manifest.source import read_source
from mappings.compiled import CompiledMapping, compile_mapping
from mappings.formula.problems import MappingErrors, SavedProblem

STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
WIDTH = 110  # characters of a line
RARE_ENDS = {"\x85", "\u2028", "\u2029"}
# As people write them; the database keeps no order of keys.
ORDER = ("name", "meaning", "system", "stream", "entity", "to", "from", "formula", "value", "check", "on", "each", "as",
         "mode", "if_blank", "severity", "field", "message", "fields", "rules")  # fmt: skip


def read_text(text: str, file: str = "") -> tuple[dict[str, Any], CompiledMapping]:
    """Return a mapping's content and its compiled form; raises MappingErrors with the line of each problem."""
    source = read_source(text, file)
    faults = [SavedProblem(words, remedy, file=source.file, line=line) for line, words, remedy in source.faults]
    if faults:
        raise MappingErrors(faults)
    try:
        return source.value, compile_mapping(source.value)
    except MappingErrors as errors:
        placed = [each.at(file=source.file, line=source.line(steps(each.path))) for each in errors.problems]
        raise MappingErrors(placed) from None


def text_of(content: dict[str, Any]) -> str:
    """Return a mapping's content as YAML, in the order in which people write it."""
    written: str = yaml.dump(ordered(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    return written


class _Dumper(yaml.SafeDumper):
    """Quotes texts with rare ends of line (next line, line and paragraph separator), which are read as a blank else."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if RARE_ENDS & set(text) else None)


_Dumper.add_representer(str, _text)


def ordered(content: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping's content with its keys in the order in which people write them."""
    made: dict[str, Any] = _ordered(content)
    return {key: made[key] for key in ("name", "meaning", "from") if key in made} | made


def _ordered(value: Any) -> Any:
    if isinstance(value, list):
        return [_ordered(each) for each in value]
    if not isinstance(value, dict):
        return value
    places = {name: place for place, name in enumerate(ORDER)}
    keys = sorted(value, key=lambda key: (places.get(key, len(ORDER)), str(key)))
    return {key: _ordered(value[key]) for key in keys}


def steps(path: str) -> tuple[str | int, ...]:
    """Return a problem's path as steps into the content: "fields[3].formula" → fields, 3, formula."""
    return tuple(int(index) if index else name for name, index in STEP.findall(path))
