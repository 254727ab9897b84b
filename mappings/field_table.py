"""A mapping as a table that people fill in: a row for each target field, a row for each rule; and back to its content.

A call of LOOKUP or XREF is told by its parts only where writing those parts again gives the very same text; anything
else stays a formula. So `content_of(table_of(content))` is the content, but for what goes without saying: a severity of
error is written out; a mode of overwrite, and an empty text, are left out.
"""

import re
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

from mappings.formula.tokens import tokenize

MOST_KEYS = 4  # of a look-up that is told by its parts
CALLS = {"lookup": "LOOKUP", "reference": "XREF"}
PLACE = re.compile(r"fields\[(\d+)\](?:\.fields\[(\d+)\])?(?:\.(\w+))?|rules\[(\d+)\](?:\.(\w+))?")
WHOLE = re.compile(r"[+-]?\d+")
KINDS = {
    "copy": "Copy a field",
    "lookup": "Look up in a table",
    "reference": "Cross-reference",
    "constant": "Always the same",
    "formula": "Formula",
    "lines": "One line for each",
}


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One target field: where it comes from, in the parts that a form asks for. Texts as they are typed."""

    to: str = ""
    kind: str = "copy"  # a key of KINDS
    source: str = ""  # the path, the formula, the constant, or the list that lines are made from
    constant: str = "text"  # text | number | yes_no | blank
    table: str = ""  # "bill_rates" or "people.role"; of a cross-reference the entity
    keys: tuple[str, ...] = ()  # formulas, in the order of the table's key columns
    connection: str = ""  # of a cross-reference: short name; "": the record's own
    when: str = ""  # condition of a look-up; where it does not hold the field stays blank
    on: str = ""  # day on which the table's row must be valid
    default: str = ""  # formula: what to take where there is no row
    mode: str = "overwrite"
    as_kind: str = ""
    if_blank: str = "send"
    meaning: str = ""
    inside: bool = False  # a field of one line of the nearest row of kind `lines` above


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule: what must hold, and what is said where it does not."""

    name: str = ""
    check: str = ""
    severity: str = "error"
    message: str = ""
    field: str = ""
    waivable: bool = False
    category: str = "validation"
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class FieldTable:
    """A whole mapping. The two sides are kept as the content has them."""

    name: str = ""
    meaning: str = ""
    on: str = ""
    source: dict[str, Any] = field(default_factory=dict)
    target: dict[str, Any] = field(default_factory=dict)
    fields: tuple[FieldRow, ...] = ()
    rules: tuple[RuleRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the table a problem is: "field" or "rule" with the row from 0 and its part; or the mapping as such."""

    what: str = ""
    row: int = -1
    part: str = ""


def table_of(content: dict[str, Any]) -> FieldTable:
    """Return a mapping's content, which compiles, as a table."""
    rows: list[FieldRow] = []
    for item in content.get("fields") or []:
        rows.append(_row(item))
        rows += [_row(inner, inside=True) for inner in item.get("fields") or []]
    return FieldTable(
        name=content.get("name") or "",
        meaning=content.get("meaning") or "",
        on=_text(content.get("on")),
        source=content.get("from") or {},
        target=content.get("to") or {},
        fields=tuple(rows),
        rules=tuple(_rule(item) for item in content.get("rules") or []),
    )


def content_of(table: FieldTable) -> dict[str, Any]:
    """Return a table as a mapping's content. What is wrong with it is found by `compile_mapping`."""
    content: dict[str, Any] = {"name": table.name}
    if table.meaning:
        content["meaning"] = table.meaning
    content |= {"from": table.source, "to": table.target}
    if table.on:
        content["on"] = table.on
    items: list[dict[str, Any]] = []
    content["fields"] = items
    for row in table.fields:
        item = _item(row)
        if row.inside and items and "each" in items[-1]:
            items[-1]["fields"].append(item)
        else:
            items.append(item)
    if table.rules:
        content["rules"] = [_rule_item(rule) for rule in table.rules]
    return content


def place_of(path: str, table: FieldTable) -> Place:
    """Return the row that a problem's path means: "fields[3].fields[0].formula" → the first line field of row 3."""
    match = PLACE.match(path)
    if match is None:
        return Place(part=path)
    outer, inner, part, rule, rule_part = match.groups()
    if rule is not None:
        return Place("rule", int(rule), rule_part or "")
    numbers = numbers_of(table.fields)
    wanted = (int(outer), int(inner) if inner else None)
    return Place("field", numbers.index(wanted), part or "") if wanted in numbers else Place(part=path)


def numbers_of(rows: tuple[FieldRow, ...]) -> list[tuple[int, int | None]]:
    """Return for each row its number in the content, and its number inside the lines that it belongs to."""
    found: list[tuple[int, int | None]] = []
    outer, inner, open_lines = -1, 0, False
    for row in rows:
        if row.inside and open_lines:
            found.append((outer, inner))
            inner += 1
        else:
            outer, inner, open_lines = outer + 1, 0, row.kind == "lines"
            found.append((outer, None))
    return found


def formula_of(row: FieldRow) -> str:
    """Return the formula that a row of kind formula, lookup or reference stands for."""
    if row.kind not in CALLS:
        return row.source
    arguments = [_quoted(row.table), *row.keys]
    if row.kind == "reference" and row.connection:
        arguments.append(_quoted(row.connection))
    if row.kind == "lookup" and row.on:
        arguments.append(f"on: {row.on}")
    if row.default:
        arguments.append(f"default: {row.default}")
    call = f"{CALLS[row.kind]}({', '.join(arguments)})"
    return f"IF({row.when}, {call}, BLANK)" if row.when else call


def part_at(row: FieldRow, position: int) -> tuple[str, int]:
    """Return which part of a row's formula a position means, and the position in that part: ("key1", 3)."""
    if row.kind not in CALLS:
        return "formula", position
    start = len(CALLS[row.kind]) + 1 + len(_quoted(row.table)) + (len(f"IF({row.when}, ") if row.when else 0)
    parts = [("when", len("IF("), row.when)] if row.when else []
    for name, lead, text in (
        *((f"key{number}", ", ", key) for number, key in enumerate(row.keys)),
        ("connection", ', "', row.connection if row.kind == "reference" else ""),
        ("on", ", on: ", row.on if row.kind == "lookup" else ""),
        ("default", ", default: ", row.default),
    ):
        if text:
            parts.append((name, start + len(lead), text))
            start += len(lead) + len(text) + (name == "connection")
    for name, first, text in parts:
        if first <= position <= first + len(text):
            return name, position - first
    return "table", 0


def constant_of(row: FieldRow) -> Any:
    """Return the constant of a row as the content has it; a number that is none stays a text."""
    if row.constant == "blank":
        return None
    if row.constant == "yes_no":
        return row.source == "yes"
    if row.constant == "number" and is_exact(row.source):
        return int(row.source) if WHOLE.fullmatch(row.source) else float(row.source)
    return row.source


def is_exact(text: str) -> bool:
    """Return whether a number is kept with all its digits."""
    try:
        number = Decimal(text) if len(text) <= 60 else Decimal("NaN")
        kept = Decimal(int(text)) if WHOLE.fullmatch(text) else Decimal(repr(float(text)))
        return number.is_finite() and number == kept
    except (ArithmeticError, ValueError):
        return False


def _row(item: dict[str, Any], *, inside: bool = False) -> FieldRow:
    common: dict[str, Any] = {
        "to": item.get("to") or "",
        "mode": item.get("mode") or "overwrite",
        "as_kind": item.get("as") or "",
        "if_blank": item.get("if_blank") or "send",
        "meaning": item.get("meaning") or "",
        "inside": inside,
    }
    if "value" in item:
        constant, text = _constant(item["value"])
        return FieldRow(kind="constant", source=text, constant=constant, **common)
    if "each" in item:
        return FieldRow(kind="lines", source=_text(item["each"]), **common)
    if "from" in item:
        return FieldRow(kind="copy", source=_text(item["from"]), **common)
    text = _text(item.get("formula"))
    return FieldRow(**(_parts(text) or {"kind": "formula", "source": text}), **common)


def _rule(item: dict[str, Any]) -> RuleRow:
    given = {each.name: item[each.name] for each in fields(RuleRow) if item.get(each.name) is not None}
    return RuleRow(**given | {"check": _text(item.get("check"))})


def _item(row: FieldRow) -> dict[str, Any]:
    item: dict[str, Any] = {"to": row.to}
    if row.kind == "constant":
        item["value"] = constant_of(row)
    elif row.kind == "lines":
        item |= {"each": row.source, "fields": []}
    elif row.kind == "copy":
        item["from"] = row.source
    else:
        item["formula"] = formula_of(row)
    if row.as_kind:
        item["as"] = row.as_kind
    if row.mode != "overwrite":
        item["mode"] = row.mode
    if row.if_blank != "send":
        item["if_blank"] = row.if_blank
    if row.meaning:
        item["meaning"] = row.meaning
    return item


def _rule_item(rule: RuleRow) -> dict[str, Any]:
    item: dict[str, Any] = {"name": rule.name, "check": rule.check, "severity": rule.severity}
    if rule.field:
        item["field"] = rule.field
    item["message"] = rule.message
    if rule.waivable:
        item["waivable"] = True
    if rule.category != "validation":
        item["category"] = rule.category
    if rule.meaning:
        item["meaning"] = rule.meaning
    return item


def _constant(value: Any) -> tuple[str, str]:
    if value is None:
        return "blank", ""
    if isinstance(value, bool):
        return "yes_no", "yes" if value else "no"
    if isinstance(value, int | float):
        return "number", repr(value)
    return "text", str(value)


def _text(value: Any) -> str:
    """Return a formula as text: YAML's numbers and yes or no are formulas, too."""
    if isinstance(value, bool):
        return str(value).upper()
    return "" if value is None else str(value)


def _parts(text: str) -> dict[str, Any] | None:
    """Return a look-up or cross-reference by its parts; None where it is more than one call."""
    when, call = "", text
    outer = _arguments(text, "IF")
    if outer and len(outer) == 3 and outer[2] == "BLANK":
        when, call = outer[0], outer[1]
    for kind, function in CALLS.items():
        arguments = _arguments(call, function)
        if arguments is None:
            continue
        found: dict[str, Any] = {"kind": kind, "when": when}
        plain = [each for each in arguments if not each.startswith(("on: ", "default: "))]
        found |= dict(each.split(": ", 1) for each in arguments if each.startswith(("on: ", "default: ")))
        found["table"], keys = _unquoted(plain[0]) if plain else "", plain[1:]
        if kind == "reference" and len(keys) == 2:
            found["connection"] = _unquoted(keys.pop())
        found["keys"] = tuple(keys)
        fits = len(keys) <= (MOST_KEYS if kind == "lookup" else 1)
        return found if fits and formula_of(FieldRow(**found)) == text else None
    return None


def _arguments(text: str, function: str) -> list[str] | None:
    """Return the written arguments of a text that is one call of a function; None where it is something else."""
    tokens, problems = tokenize(text)
    if problems or not text.startswith(f"{function}(") or not text.endswith(")"):
        return None
    depth, start, found = 0, len(function) + 1, []
    for token in tokens:
        if token.kind != "punctuation":
            continue
        depth += {"(": 1, ")": -1}.get(token.value, 0)
        if depth == 0 and token.position != len(text) - 1:
            return None
        if (depth == 1 and token.value == ",") or depth == 0:
            found.append(text[start : token.position].strip())
            start = token.position + 1
    return found


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _unquoted(written: str) -> str:
    inner = written[1:-1] if len(written) > 1 and written[0] == written[-1] == '"' else ""
    return inner.replace('""', '"')
