"""Read a mapping as people write it (YAML or a form) into typed rules; report every mistake at once."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Entity, Field, Kind
from canonical.failure import Category
from canonical.problem import Severity
from mappings.formula import limits
from mappings.formula.parse import parse
from mappings.formula.problems import MappingErrors, SavedProblem
from mappings.formula.tree import Constant, Node, Path

MODES = ("overwrite", "if_new", "if_empty")
KINDS = {kind.value: kind for kind in Kind}
MAPPING_KEYS = {"name", "meaning", "from", "to", "on", "fields", "rules"}
FIELD_KEYS = {"to", "formula", "from", "value", "mode", "as", "if_blank", "each", "fields", "meaning"}
RULE_KEYS = {"name", "check", "severity", "message", "field", "waivable", "category", "meaning"}
CHOOSE = "Choose one of the list."  # in forms, what is chosen and not written
LACKING = {"from": "Name the field to copy.", "each": "Name the list that lines are made from."}
TO_STEP = re.compile(r"(?:^|\.)([^\W\d][\w-]*)|\.?\[([^\[\]\n]+)\]")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula with its tree."""

    text: str
    tree: Node
    path: str  # place in the mapping: "fields[3].formula"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One target field: where its value comes from, its kind, and when it overwrites."""

    to: tuple[str | int, ...]  # steps into the result; whole numbers are places in a list, from 0
    formula: Formula  # for lines: the list that `each` goes through
    mode: str
    kind: Kind | None  # None: passed as it is
    omit_blank: bool
    lines: tuple["FieldRule", ...] | None  # the fields of one line; None where this is no list of lines
    path: str

    @property
    def name(self) -> str:
        """Return the target as people write it."""
        return ".".join(str(step) for step in self.to)


@dataclass(frozen=True, slots=True)
class Rule:
    """One validation rule: the check must hold, else it says its message."""

    name: str
    check: Formula
    severity: Severity
    message: str  # {field} is replaced by the field's value
    field: str  # the field to show and to offer for correction
    waivable: bool
    category: Category


@dataclass(frozen=True, slots=True)
class Content:
    """A whole mapping, read and parsed."""

    name: str
    source: Entity | None  # None: a vendor's record, of any form
    target: Entity | None  # None: a vendor's body
    inward: bool  # vendor → canonical: XREF gives our keys; outward it gives theirs
    on: Formula | None
    fields: tuple[FieldRule, ...]
    rules: tuple[Rule, ...]


def read_content(content: dict[str, Any], *, entity: Entity | None = None) -> Content:
    """Return a mapping's typed form; raises MappingErrors with all problems of form and formula."""
    return _Reader().read(content, entity)


class _Reader:
    def __init__(self) -> None:
        self.problems: list[SavedProblem] = []

    def read(self, content: Any, entity: Entity | None) -> Content:
        if not isinstance(content, dict):
            raise MappingErrors([SavedProblem("This is not a mapping.", "Write name, from, to and fields.")])
        self._unknown(content, MAPPING_KEYS, "")
        self._texts(content, ("meaning",), "")
        source, target = self._side(content, "from"), entity or self._side(content, "to")
        fields = self._fields(content.get("fields"), "fields", target)
        rules = self._rules(content.get("rules") or [])
        on = self._formula(content["on"], "on") if content.get("on") is not None else None
        if len(fields) + len(rules) > limits.MAX_FIELDS:
            self.say("fields", f"More than {limits.MAX_FIELDS} fields and rules.", "Split the mapping.")
        name = content.get("name")
        if not isinstance(name, str) or not name.isprintable() or not name:
            words = "Give the mapping a name: a short text of one line."
            self.say("name", "The mapping has no name.", "Add name: and a short text of one line.", words)
        elif len(name) > limits.MAX_NAME:
            words = f"Shorten it to {limits.MAX_NAME} characters."
            self.say("name", f"The name has {len(name):,} characters.", words)
        self._clashes(fields, "fields")
        self._required(fields, target)
        if self.problems:
            raise MappingErrors(self.problems)
        inward = target is not None or source is None
        return Content(str(name), source, target, inward, on, tuple(fields), tuple(rules))

    def say(self, path: str, message: str, remedy: str, in_form: str = "", other: str = "") -> None:
        self.problems.append(SavedProblem(message, remedy, path=path, in_form=in_form, other=other))

    def _unknown(self, given: dict[str, Any], known: set[str], path: str) -> None:
        for key in given:
            if key not in known:
                where = f"{path}.{key}" if path else str(key)
                self.say(where, f"{key!r} is not known here.", f"Use one of: {', '.join(sorted(known))}.")

    def _texts(self, given: dict[str, Any], keys: tuple[str, ...], path: str) -> None:
        for key in keys:
            if given.get(key) is not None and not isinstance(given[key], str):
                where = f"{path}.{key}" if path else key
                self.say(where, f"{key}: is no text.", f"Write {key}: and one text.", "Write one text.")

    def _side(self, content: dict[str, Any], key: str) -> Entity | None:
        side = content.get(key)
        if not isinstance(side, dict) or not ({"entity", "stream"} & set(side)):
            remedy = f"Write {key}: {{system: harvest, stream: time_entries}} or {key}: {{entity: time_entry}}."
            self.say(key, f"{key}: does not say a stream or an entity.", remedy)
            return None
        self._unknown(side, {"system", "stream", "entity"}, key)
        self._texts(side, ("system", "stream"), key)
        if "entity" not in side:
            if len(f"{side.get('system') or ''} {side.get('stream') or ''}") > limits.MAX_SIDE:
                words = f"Write the short names that the hub knows them by: {limits.MAX_SIDE} characters at most."
                self.say(key, f"{key}: names a system and stream that are too long.", words)
            return None
        if not isinstance(side["entity"], str) or side["entity"] not in ENTITIES:
            self.say(f"{key}.entity", f"There is no entity {side['entity']!r}.", f"Use one of: {', '.join(ENTITIES)}.")
            return None
        return ENTITIES[side["entity"]]

    def _fields(self, given: Any, path: str, entity: Entity | None) -> list[FieldRule]:
        if not isinstance(given, list) or not given:
            words = "Nothing is filled yet. Add a field."
            if path != "fields":
                words = "A line has no field yet. Add a field of a line."
            self.say(path, "There are no fields.", "Add a list of {to: …, formula: …}.", words)
            return []
        rules = (self._field(item, f"{path}[{index}]", entity) for index, item in enumerate(given))
        return [rule for rule in rules if rule is not None]

    def _field(self, item: Any, path: str, entity: Entity | None) -> FieldRule | None:
        if not isinstance(item, dict):
            self.say(path, "This is not a field rule.", "Write {to: …, formula: …}.")
            return None
        self._unknown(item, FIELD_KEYS, path)
        self._texts(item, ("meaning",), path)
        to = self._to(item.get("to"), f"{path}.to")
        field = self._target(to, entity, f"{path}.to")
        mode, blank = item.get("mode", "overwrite"), item.get("if_blank", "send")
        if mode not in MODES:
            self.say(f"{path}.mode", f"{mode!r} is not a mode.", f"Use one of: {', '.join(MODES)}.", CHOOSE)
        if blank not in ("send", "omit"):
            self.say(f"{path}.if_blank", f"{blank!r} is not known.", "Use send or omit.", CHOOSE)
        kind = self._kind(item, field, path)
        lines = self._lines(item, field, path)
        formula = self._origin(item, path)
        if to is None or formula is None:
            return None
        return FieldRule(to, formula, mode, Kind.LINES if lines is not None else kind, blank == "omit", lines, path)

    def _to(self, written: Any, path: str) -> tuple[str | int, ...] | None:
        if not isinstance(written, str) or not written:
            words = "Say which field this row fills."
            self.say(path, "The field has no target.", "Add to: and the name of the target field.", words)
            return None
        steps: list[str | int] = []
        position = 0
        while position < len(written) and (match := TO_STEP.match(written, position)):
            plain, bracketed = match.groups()
            steps.append(plain or (int(bracketed[:9]) if bracketed.isdecimal() else bracketed))
            position = match.end()
        indexes = [step for step in steps if isinstance(step, int)]
        if position < len(written) or not steps or isinstance(steps[0], int) or any(each > 99 for each in indexes):
            self.say(
                path, f"{written!r} is not a target.", "Write it like customer.id, lines[0].amount or [Bill Rate]."
            )
            return None
        return tuple(steps)

    def _target(self, to: tuple[str | int, ...] | None, entity: Entity | None, path: str) -> Field | None:
        if to is None or entity is None:
            return None
        field = entity.by_name.get(str(to[0])) if len(to) == 1 else None
        if field is None:
            remedy = f"Use one of: {', '.join(entity.by_name)}."
            name = ".".join(map(str, to))
            words = f"“{name}” is not a field of {entity.name.replace('_', ' ')}. {CHOOSE}"
            self.say(path, f"{name} is not a field of {entity.name}.", remedy, words)
        return field

    def _kind(self, item: dict[str, Any], field: Field | None, path: str) -> Kind | None:
        declared = item.get("as")
        if declared is None:
            return field.kind if field else None
        if not isinstance(declared, str) or declared not in KINDS:
            self.say(f"{path}.as", f"{declared!r} is not a kind.", f"Use one of: {', '.join(KINDS)}.", CHOOSE)
            return None
        if field is not None and field.kind != KINDS[declared]:
            words = "This field is kept in a form of its own. Choose “As it is”."
            self.say(f"{path}.as", f"{field.name} is of kind {field.kind}, not {declared}.", "Remove as:.", words)
        return KINDS[declared]

    def _lines(self, item: dict[str, Any], field: Field | None, path: str) -> tuple[FieldRule, ...] | None:
        if "each" not in item:
            if "fields" in item:
                self.say(
                    f"{path}.fields", "Fields inside a field need a list to go through.", "Add each: and its path."
                )
            return None
        entity = ENTITIES.get(field.references) if field is not None and field.kind == Kind.LINES else None
        fields = self._fields(item.get("fields"), f"{path}.fields", entity)
        self._clashes(fields, f"{path}.fields")
        if any(rule.lines is not None for rule in fields):
            words = "A line cannot have lines of its own. Choose another origin for the field of the line."
            self.say(f"{path}.fields", "Lines inside lines are not possible.", "Build one level of lines.", words)
        return tuple(fields)

    def _origin(self, item: dict[str, Any], path: str) -> Formula | None:
        given = [key for key in ("formula", "from", "value", "each") if key in item]
        if len(given) != 1:
            remedy = "Give exactly one of formula, from, value or each."
            self.say(path, f"The field has {' and '.join(given) if given else 'no source'}.", remedy)
            return None
        key = given[0]
        if key == "value":
            if wrong := _no_constant(item[key]):
                self.say(f"{path}.value", *wrong)
                return None
            return Formula(str(item[key]), Constant(_constant(item[key]), 0), f"{path}.value")
        if key in LACKING and isinstance(item[key], str) and not item[key].strip():
            self.say(f"{path}.{key}", f"{key}: is empty.", "Write a path such as project.code.", LACKING[key])
            return None
        formula = self._formula(item[key], f"{path}.{key}")
        if key == "from" and formula is not None and not isinstance(formula.tree, Path):
            words = "“Copy a field” takes the name of one field only. Choose “Formula” to work something out."
            self.say(f"{path}.from", "from: takes a path only.", "Use formula: for anything more.", words)
        return formula

    def _formula(self, text: Any, path: str) -> Formula | None:
        if isinstance(text, (bool, int, float)):
            text = str(text).upper() if isinstance(text, bool) else str(text)
        if not isinstance(text, str):
            self.say(path, "This is not a formula.", "Write it as one text, in quotes if it has a colon or #.")
            return None
        try:
            return Formula(text, parse(text), path)
        except MappingErrors as errors:
            self.problems += [problem.at(path=path) for problem in errors.problems]
            return None

    def _rules(self, given: Any) -> list[Rule]:
        if not isinstance(given, list):
            self.say("rules", "rules: is not a list.", "Write a list of {name, check, severity, message}.")
            return []
        rules = [self._rule(item, f"rules[{index}]") for index, item in enumerate(given)]
        found = [rule for rule in rules if rule is not None]
        names = [rule.name for rule in found]
        for name in sorted({each for each in names if names.count(each) > 1}):
            words = f"Two rules are called “{name}”. Give each a name of its own."
            self.say("rules", f"Two rules are called {name!r}.", "Give each rule a name of its own.", words)
        return found

    def _rule(self, item: Any, path: str) -> Rule | None:
        if not isinstance(item, dict):
            self.say(path, "This is not a rule.", "Write {name, check, severity, message}.")
            return None
        self._unknown(item, RULE_KEYS, path)
        self._texts(item, ("meaning", "field"), path)
        checks: list[tuple[str, Callable[[Any], bool], str]] = [
            ("name", lambda value: isinstance(value, str) and bool(value), "Give the rule a short name."),
            ("message", lambda value: isinstance(value, str) and bool(value), "Say cause and remedy for finance."),
            ("severity", lambda value: value in ("error", "warning"), "Use error or warning."),
            ("waivable", lambda value: isinstance(value, bool), "Use true or false."),
            (
                "category",
                lambda value: isinstance(value, str) and value in set(Category),
                "Use a failure category such as validation.",
            ),
        ]  # fmt: skip
        values = {"severity": "error", "waivable": False, "category": Category.VALIDATION.value, **item}
        for key, good, remedy in checks:
            if not good(values.get(key)):
                self.say(f"{path}.{key}", f"The rule's {key} is {values.get(key)!r}.", remedy)
        check = self._formula(item.get("check"), f"{path}.check")
        if check is None or any(problem.path.startswith(f"{path}.") for problem in self.problems):
            return None
        field = str(values.get("field") or "")
        category = Category(values["category"])
        return Rule(values["name"], check, values["severity"], values["message"], field, values["waivable"], category)

    def _clashes(self, fields: list[FieldRule], path: str) -> None:
        seen: dict[tuple[str | int, ...], str] = {}
        for rule in fields:
            for size in range(1, len(rule.to) + 1):
                if rule.to[:size] in seen:
                    other = seen[rule.to[:size]]
                    same = "the same target field" if size == len(rule.to) else "the whole of which this is a part"
                    words = f"{{other}} writes {same}. Take one of the two out."
                    remedy = f"Remove one of them; the other stands at {other}."
                    self.say(f"{rule.path}.to", f"{rule.name} is filled twice.", remedy, words, other)
                    break
            parts = [each for each in seen if len(each) > len(rule.to) and each[: len(rule.to)] == rule.to]
            if parts:
                words = "{other} writes a part of this field, which this row would write over. Take one of the two out."
                self.say(
                    f"{rule.path}.to", f"{rule.name} would overwrite its own parts.", "Fill the parts or the whole.",
                    words, seen[parts[0]],
                )  # fmt: skip
            seen.setdefault(rule.to, rule.path)

    def _required(self, fields: list[FieldRule], entity: Entity | None) -> None:
        if entity is None or self.problems:
            return
        filled = {rule.to[0] for rule in fields}
        for field in entity.fields:
            if field.required and field.name not in filled:
                remedy = f"Add a field rule to: {field.name}. Meaning: {field.meaning}."
                name = field.name.replace("_", " ").capitalize()
                words = f"“{name}” is required, but no row fills it. Add a row for it: {field.meaning}."
                self.say("fields", f"{field.name} is required by {entity.name}, but nothing fills it.", remedy, words)


def _no_constant(value: Any) -> tuple[str, ...]:
    """Return why a value is always the same for no field: message, remedy and what a form says; empty for one."""
    if isinstance(value, float) and not math.isfinite(value):
        return "value: is no number that can be used.", "Write one in digits."
    if value is None or isinstance(value, (bool, int, float, str, date)):
        return ()
    remedy = "Write a text, a number, true, false or null; fill the parts with fields of their own: to: subsidiary.id."
    return "value: is neither a text nor a number.", remedy, "Write one text or number."


def _constant(value: Any) -> Decimal | str | bool | None:
    """Return a written constant exactly; YAML's numbers and dates come as Python values."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        return Decimal(str(value))
    return value.isoformat() if isinstance(value, date) else str(value)
