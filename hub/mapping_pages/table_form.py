"""The form of a mapping's table: what was typed, read into rows; every mistake at the input that it is about.

What was typed stays as it was typed, whatever is wrong with it, and rows are added, taken out and moved before anything
is kept. The form needs no script.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from canonical.failure import Category
from governance.row_numbers import number_in
from mappings.field_table import (
    CALLS,
    KINDS,
    MOST_KEYS,
    FieldRow,
    FieldTable,
    Place,
    RuleRow,
    is_exact,
    part_at,
)
from mappings.formula import limits
from mappings.formula.parse import parse
from mappings.formula.problems import MappingErrors, SavedProblem

FIELD_PARTS = (
    "to", "kind", "source", "formula", "constant", "table", *(f"key{n}" for n in range(MOST_KEYS)), "connection",
    "when", "on", "default", "mode", "as_kind", "if_blank", "meaning", "inside",
    "offered",
)  # fmt: skip
RULE_PARTS = ("name", "check", "severity", "message", "field", "waivable", "category", "meaning")
HEAD_PARTS = ("name", "meaning", "on", "note", "seen", "draft", "sample", "pasted")
LONGEST = {"to": 200, "name": 200, "message": 1_000, "meaning": 2_000, "note": 500, "connection": 80, "table": 130}
Raw = dict[str, str]
CONTENT_PARTS = {"as": "as_kind", "from": "source", "value": "source", "each": "source", "": "to"}


@dataclass
class TableForm:
    """A mapping's table as it was typed, with what is wrong at each input: errors[("f", 3, "to")] = ["…"]."""

    source: dict[str, Any]
    target: dict[str, Any]
    head: Raw = field(default_factory=dict)
    rows: list[Raw] = field(default_factory=list)
    rules: list[Raw] = field(default_factory=list)
    errors: dict[tuple[str, int, str], list[str]] = field(default_factory=dict)
    focus: str = ""  # id of the input that the next page begins at

    @classmethod
    def typed(cls, data: Mapping[str, str], source: dict[str, Any], target: dict[str, Any]) -> "TableForm":
        """Return what a form was sent with."""
        return cls(
            source,
            target,
            {name: _clean(data.get(name, "")) for name in HEAD_PARTS},
            [_raw(data, f"f{n}", FIELD_PARTS) for n in range(_count(data.get("rows", "")))],
            [_raw(data, f"r{n}", RULE_PARTS) for n in range(_count(data.get("rules", "")))],
        )

    @classmethod
    def of(cls, table: FieldTable, **head: str) -> "TableForm":
        """Return a table as it would be typed."""
        given = {"name": table.name, "meaning": table.meaning, "on": table.on, **head}
        rules = [_raw_rule(rule) for rule in table.rules]
        return cls(table.source, table.target, given, [_raw_field(row) for row in table.fields], rules)

    def do(self, what: str) -> None:
        """Add, take out or move a row: "add-field", "add-line-3", "drop-f-2", "up-r-1", "down-f-0"."""
        verb, _, rest = what.partition("-")
        kind, _, number = rest.partition("-")
        rows = self.rules if kind in ("r", "rule") else self.rows
        named = number_in(number)
        at = named if named is not None and named < len(rows) else -1
        letter = "r" if rows is self.rules else "f"
        if verb == "add" and len(self.rows) + len(self.rules) < limits.MAX_FIELDS:
            fresh = _raw_rule(RuleRow()) if letter == "r" else _raw_field(FieldRow(inside=kind == "line"))
            at = at + 1 if kind == "line" and at >= 0 else len(rows)
            while kind == "line" and at < len(rows) and rows[at].get("inside"):
                at += 1
            rows.insert(at, fresh)
            self.focus = f"{letter}{at}-{'name' if letter == 'r' else 'to'}"
        elif verb == "drop" and at >= 0:
            rows.pop(at)
            self.focus = f"{letter}{min(at, len(rows) - 1)}-drop" if rows else f"add-{letter}"
        elif verb in ("up", "down") and at >= 0:
            other = at + (1 if verb == "down" else -1)
            if 0 <= other < len(rows):
                rows[at], rows[other] = rows[other], rows[at]
                self.focus = f"{letter}{other}-{verb}"

    def offer(self, required: set[str]) -> None:
        """Mark the rows that the hub put there and nobody has to fill: kept only where something is filled in."""
        for raw in self.rows:
            raw["offered"] = "" if raw["to"] in required or raw["source"] else "1"

    def set_aside(self) -> list[Raw]:
        """Take out the rows that were offered and nobody filled, and return them."""
        unfilled = [raw for raw in self.rows if _is_unfilled(raw)]
        self.rows = [raw for raw in self.rows if not _is_unfilled(raw)]
        return unfilled

    def read(self) -> FieldTable:
        """Return what was typed as a table; what no row can hold is said at its input."""
        self.errors = {}
        everything: dict[str, list[Raw]] = {"h": [self.head], "f": self.rows, "r": self.rules}
        for letter, raws in everything.items():
            for number, typed in enumerate(raws):
                self._sizes(letter, number, typed)
        return FieldTable(
            name=self.head.get("name", "").strip(),
            meaning=self.head.get("meaning", "").strip(),
            on=self.head.get("on", "").strip(),
            source=self.source,
            target=self.target,
            fields=tuple(self._field(number, raw) for number, raw in enumerate(self.rows)),
            rules=tuple(self._rule(number, raw) for number, raw in enumerate(self.rules)),
        )

    def place(self, table: FieldTable, mistakes: list[tuple[Place, SavedProblem]]) -> None:
        """Put what is wrong with a table at its inputs; what the form has said of an input is not said twice."""
        for place, problem in mistakes:
            letter, number, part, words = located(table, place, problem)
            if (letter, number, part) not in self.errors or letter == "h":
                self.say(letter, number, part, words)

    def say(self, letter: str, number: int, part: str, words: str) -> None:
        """Say something at an input: "h" for the mapping's own, "f" for a field's, "r" for a rule's."""
        self.errors.setdefault((letter, number, part), []).append(words)

    def _sizes(self, letter: str, number: int, raw: Raw) -> None:
        for part, text in raw.items():
            most = LONGEST.get(part, limits.MAX_LENGTH)
            if len(text) > most and part not in ("pasted", "sample"):
                self.say(letter, number, part, f"It has {len(text):,} characters; at most {most:,} fit.")

    def _field(self, number: int, raw: Raw) -> FieldRow:
        if _is_unfilled(raw):
            return FieldRow(raw["to"].strip(), "constant", constant="blank")
        kind = raw["kind"]
        if kind not in KINDS:
            self.say("f", number, "kind", "Choose one of the list.")
            kind = "copy"
        source = raw["formula"].strip() if kind == "formula" else raw["source"]
        source = source if kind == "constant" and raw["constant"] == "text" else source.strip()
        keys = [raw[f"key{each}"].strip() for each in range(MOST_KEYS if kind == "lookup" else 1)]
        while keys and not keys[-1]:
            keys.pop()
        row = FieldRow(
            to=raw["to"].strip(), kind=kind, source=source, constant=raw["constant"] or "text",
            table=raw["table"].strip(), keys=tuple(keys), connection=raw["connection"].strip(),
            when=raw["when"].strip(), on=raw["on"].strip(), default=raw["default"].strip(),
            mode=raw["mode"] or "overwrite", as_kind=raw["as_kind"],
            if_blank=raw["if_blank"] or "send", meaning=raw["meaning"].strip(), inside=bool(raw["inside"]),
        )  # fmt: skip
        self._origin(number, row)
        return row

    def _origin(self, number: int, row: FieldRow) -> None:
        if row.kind in CALLS:
            if not row.table:
                what = "a table" if row.kind == "lookup" else "a kind of record"
                self.say("f", number, "table", f"Choose {what}.")
            for part in ("when", *(f"key{each}" for each in range(len(row.keys))), "on", "default"):
                text = row.keys[int(part[3:])] if part.startswith("key") else getattr(row, part)
                if text or part.startswith("key"):
                    self._parsed(number, part, text)
            if not row.keys:
                self.say("f", number, "key0", "Say which field or formula is looked up.")
        elif row.kind != "constant" and not row.source:
            wanted = {"copy": "Name the field to copy.", "lines": "Name the list that lines are made from."}
            part = "formula" if row.kind == "formula" else "source"
            self.say("f", number, part, wanted.get(row.kind, "Write a formula."))
        elif row.kind == "constant" and row.constant == "number" and not is_exact(row.source):
            words = "This is no number that can be kept exactly. Write one such as 12.5, or use a formula."
            self.say("f", number, "source", words)
        elif row.kind == "constant" and row.constant == "yes_no" and row.source not in ("yes", "no"):
            self.say("f", number, "source", "Write yes or no.")

    def _parsed(self, number: int, part: str, text: str) -> None:
        try:
            parse(text)
        except MappingErrors as errors:
            for problem in errors.problems[:1]:
                self.say("f", number, part, told(problem))

    def _rule(self, number: int, raw: Raw) -> RuleRow:
        severity, category = raw["severity"] or "error", raw["category"] or "validation"
        if severity not in ("error", "warning"):
            self.say("r", number, "severity", "Choose one of the list.")
        if category not in set(Category):
            self.say("r", number, "category", "Choose one of the list.")
        for part, words in (("name", "Give the rule a short name."), ("message", "Say cause and remedy for finance.")):
            if not raw[part].strip():
                self.say("r", number, part, words)
        if not raw["check"].strip():
            self.say("r", number, "check", "Write what must hold, such as hours > 0.")
        return RuleRow(
            raw["name"].strip(), raw["check"].strip(), severity, raw["message"].strip(), raw["field"].strip(),
            bool(raw["waivable"]), category, raw["meaning"].strip(),
        )  # fmt: skip


def _is_unfilled(raw: Raw) -> bool:
    """Return whether a row was offered and nothing that it is made from was typed into it."""
    typed = any(raw[part].strip() for part in ("source", "formula", "table", "key0", "when"))
    return bool(raw["offered"]) and raw["kind"] == "copy" and not typed


def located(table: FieldTable, place: Place, problem: SavedProblem) -> tuple[str, int, str, str]:
    """Return the input that a problem is about, and its words: ("f", 3, "key0", "Character 5: …")."""
    if place.what == "rule":
        return "r", place.row, place.part or "name", told(problem)
    if place.what != "field":
        return "h", 0, place.part if place.part in ("name", "on") else "", told(problem)
    row, part = table.fields[place.row], CONTENT_PARTS.get(place.part, place.part)
    if part == "formula" and problem.position is not None:
        part, position = part_at(row, problem.position)
        return "f", place.row, part, told(problem, position)
    return "f", place.row, part, told(problem)


def told(problem: SavedProblem, position: int | None = None) -> str:
    """Return a problem in words, with the place in what was typed: "Character 5: …"."""
    at = problem.position if position is None else position
    words = problem.in_form or f"{problem.message} {problem.remedy}"
    return words if at is None else f"Character {at + 1}: {words}"


def _raw(data: Mapping[str, str], prefix: str, parts: tuple[str, ...]) -> Raw:
    return {part: _clean(data.get(f"{prefix}-{part}", "")) for part in parts}


def _raw_field(row: FieldRow) -> Raw:
    raw = dict.fromkeys(FIELD_PARTS, "")
    for each in fields(FieldRow):
        value = getattr(row, each.name)
        if isinstance(value, str):
            raw[each.name] = value
    raw |= {f"key{number}": key for number, key in enumerate(row.keys)}
    if row.kind == "formula":
        raw["formula"], raw["source"] = row.source, ""
    return raw | {"inside": "1" if row.inside else ""}


def _raw_rule(rule: RuleRow) -> Raw:
    raw = {part: getattr(rule, part) for part in RULE_PARTS}
    return raw | {"waivable": "1" if rule.waivable else ""}


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n")


def _count(text: str) -> int:
    return min(int(text), limits.MAX_FIELDS) if text.isascii() and text.isdigit() and len(text) < 5 else 0
