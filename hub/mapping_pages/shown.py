"""How a mapping's table looks as a form: each input with its choices, what is wrong with it, and its sample."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Entity, Field, Kind, Mask
from canonical.failure import Category
from exceptions_queue.templatetags.shown import value as in_words
from hub.mapping_pages.table_form import Raw, TableForm, located
from mappings.differences import label
from mappings.field_table import KINDS, MOST_KEYS, FieldTable
from mappings.models import LookupTable
from mappings.row_trial import TableTrial, Tried

MASKS = {Mask.PAY: "pay", Mask.PERSON: "personal", Mask.BANK: "bank details"}
KIND_WORDS = {
    Kind.TEXT: "text", Kind.INTEGER: "whole number", Kind.DECIMAL: "number", Kind.MONEY: "money", Kind.DATE: "day",
    Kind.DATETIME: "time", Kind.BOOLEAN: "yes or no", Kind.LINES: "lines",
}  # fmt: skip
CONSTANTS = (("text", "Text"), ("number", "Number"), ("yes_no", "Yes or no"), ("blank", "Blank"))
MODES = (
    ("overwrite", "Every time"),
    ("if_new", "Only where the record is new"),
    ("if_empty", "Only where nothing stands there"),
)
BLANKS = (("send", "Sent as blank"), ("omit", "Left out"))
SEVERITIES = (("error", "Stops the record"), ("warning", "Warns only"))
LONGEST = 120  # characters of a value that is shown

Choices = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One input."""

    id: str
    value: str
    label: str
    errors: list[str]
    choices: Choices | None = None
    listing: str = ""  # id of the list of suggestions
    many: bool = False  # of several lines
    help: str = ""


@dataclass(slots=True)
class ShownRow:
    """A row of the form: its inputs by part, what is known of its target, and what becomes of the sample."""

    number: int
    letter: str
    name: str
    cells: dict[str, Cell]
    keys: list[Cell] = field(default_factory=list)
    about: str = ""
    chips: list[str] = field(default_factory=list)
    inside: bool = False
    before: list[tuple[str, str]] = field(default_factory=list)
    after: str = ""
    hidden: bool = False
    said: list[tuple[str, str]] = field(default_factory=list)
    open: bool = False  # whether what is rarely needed is shown at once


@dataclass(slots=True)
class Known:
    """What the inputs offer: tables that the person may see, and short names of connections."""

    tables: list[LookupTable]

    @property
    def titles(self) -> dict[str, str]:
        """Return tables' titles by name."""
        return {table.name: table.title for table in self.tables}

    def choices(self, chosen: str) -> Choices:
        """Return what a look-up may read, a column each; what was chosen stays, though it is not there."""
        found: Choices = [("", "Choose a table…")]
        for table in self.tables:
            columns = list(table.value_columns)
            if len(columns) == 1:
                found.append((table.name, table.title))
            found += [(f"{table.name}.{each}", f"{table.title}: {label(each)}") for each in columns if len(columns) > 1]
            if chosen == f"{table.name}.{columns[0]}" and len(columns) == 1:
                found.append((chosen, f"{table.title}: {label(columns[0])}"))
        if chosen and chosen not in dict(found):
            found.append((chosen, f"{chosen} (there is no such table yet)"))
        return found

    def key_columns(self, chosen: str) -> list[str]:
        """Return the key columns of a chosen table."""
        name = chosen.partition(".")[0]
        return next((table.key_columns for table in self.tables if table.name == name), [])


def field_rows(form: TableForm, table: FieldTable, known: Known, trial: TableTrial) -> list[ShownRow]:
    """Return the form's rows of fields."""
    said = _by_row(table, trial)
    outer: Entity | None = ENTITIES.get(str(form.target.get("entity")))
    entity, shown = outer, []
    for number, raw in enumerate(form.rows):
        inside = bool(raw["inside"])
        of = entity if inside else outer
        target = of.by_name.get(raw["to"].strip()) if of else None
        if not inside:
            lines = target is not None and raw["kind"] == "lines" and target.references
            entity = ENTITIES.get(target.references) if lines and target else None
        shown.append(_field_row(form, number, raw, of, target, known))
        _tried(shown[-1], trial.fields[number], said.get(("f", number), []))
    return shown


def rule_rows(form: TableForm, table: FieldTable, trial: TableTrial) -> list[ShownRow]:
    """Return the form's rows of rules."""
    said, shown = _by_row(table, trial), []
    for number, raw in enumerate(form.rules):
        make = _Cells(form, "r", number, raw["name"] or f"rule {number + 1}")
        cells = {
            "name": make.cell("name", "Name"),
            "check": make.cell("check", "What must hold", listing="results", many=True),
            "severity": make.cell("severity", "Where it does not hold", choices=list(SEVERITIES)),
            "message": make.cell("message", "What is said then", many=True, help="{hours} stands for the value."),
            "field": make.cell("field", "Field to correct", listing="results"),
            "waivable": make.cell("waivable", "May be waived", choices=[("", "No"), ("1", "Yes")]),
            "category": make.cell(
                "category", "Kind of failure", choices=[(each.value, label(each.value)) for each in Category]
            ),
            "meaning": make.cell("meaning", "Note"),
        }
        row = ShownRow(number, "r", raw["name"], cells, open=make.wrong("waivable", "category", "meaning"))
        _tried(row, trial.rules[number], said.get(("r", number), []))
        if not row.hidden and row.after:
            row.after = "holds" if trial.rules[number].after else "does not hold"
        shown.append(row)
    return shown


def head_cells(form: TableForm) -> dict[str, Cell]:
    """Return the inputs of the mapping as such."""
    make = _Cells(form, "h", 0, "")
    return {
        "name": make.cell("name", "Name"),
        "meaning": make.cell("meaning", "Meaning", many=True),
        "on": make.cell("on", "Day for which tables are read", listing="paths", help="Empty: the day of the run."),
        "note": make.cell("note", "What changed, and why", help="For the one who approves it."),
    }


def shown_value(found: Any) -> str:
    """Return a value as a cell of the table shows it."""
    if isinstance(found, dict):
        return f"a record of {len(found)} fields"
    if isinstance(found, list) and found and not isinstance(found[0], dict):
        found = ", ".join(in_words(each) for each in found[:5])
    words = in_words(found)
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"


def _field_row(
    form: TableForm, number: int, raw: Raw, entity: Entity | None, target: Field | None, known: Known
) -> ShownRow:
    name = label(raw["to"].strip()) or f"row {number + 1}"
    make = _Cells(form, "f", number, name)
    columns = known.key_columns(raw["table"]) if raw["kind"] == "lookup" else ["Our key"]
    typed = max((n + 1 for n in range(MOST_KEYS) if raw[f"key{n}"]), default=0)
    count = max(len(columns[:MOST_KEYS]), typed if raw["kind"] == "lookup" else 1, 1)
    heads = [label(each) for each in columns] + [f"Key {n + 1}" for n in range(len(columns), count)]
    tables = known.choices(raw["table"] if raw["kind"] == "lookup" else "")
    if raw["kind"] == "reference":
        tables = [("", "Choose…"), *((each, label(each)) for each in ENTITIES)]
    cells = {
        "to": make.cell("to", "Target field", choices=_targets(entity, raw["to"])) if entity else
              make.cell("to", "Target field", listing="targets"),
        "kind": make.cell("kind", "Kind", choices=list(KINDS.items())),
        "source": make.cell("source", "Value or field", listing="paths"),
        "formula": make.cell("formula", "Formula", many=True),
        "constant": make.cell("constant", "Written as", choices=list(CONSTANTS)),
        "table": make.cell("table", "Table" if raw["kind"] == "lookup" else "Kind of record", choices=tables),
        "connection": make.cell("connection", "At the connection", help="Short name. Empty: the record's own."),
        "when": make.cell("when", "Only where", listing="paths", help="Empty: always."),
        "on": make.cell("on", "Valid on the day", listing="paths", help="Empty: the mapping's day."),
        "default": make.cell("default", "Where there is none", help="Empty: the record waits for the row."),
        "mode": make.cell("mode", "Written", choices=list(MODES)),
        "as_kind": make.cell(
            "as_kind", "As", choices=[("", "As it is"), *((kind.value, KIND_WORDS[kind]) for kind in Kind)]
        ),
        "if_blank": make.cell("if_blank", "Where blank", choices=list(BLANKS)),
        "meaning": make.cell("meaning", "Note"),
    }  # fmt: skip
    usual = raw["mode"] in ("", "overwrite") and raw["if_blank"] in ("", "send")
    plain = usual and not (raw["as_kind"] or raw["meaning"] or raw["on"] or raw["default"] or raw["connection"])
    chips = [KIND_WORDS[target.kind], *([target.unit] if target.unit else [])] if target else []
    chips += ["required"] if target and target.required else []
    chips += [f"hidden as {MASKS[target.mask]}"] if target and target.mask in MASKS else []
    return ShownRow(
        number, "f", name, cells, [make.cell(f"key{n}", heads[n], listing="paths") for n in range(count)],
        target.meaning if target else "", chips, bool(raw["inside"]),
        open=not plain or make.wrong("on", "default", "connection", "mode", "as_kind", "if_blank", "meaning"),
    )  # fmt: skip


def _targets(entity: Entity, chosen: str) -> Choices:
    found = [("", "Choose a field…"), *((each.name, label(each.name)) for each in entity.fields)]
    return found if chosen in dict(found) else [*found, (chosen, f"{chosen} (there is no such field)")]


def _tried(row: ShownRow, tried: Tried, mistakes: list[str]) -> None:
    row.hidden = tried.hidden
    row.before = [(path, "hidden from you" if tried.hidden else shown_value(found)) for path, found in tried.before]
    row.after = "hidden from you" if tried.hidden else "" if tried.after is None else shown_value(tried.after)
    row.said = [("error", words) for words in mistakes] + tried.said


def _by_row(table: FieldTable, trial: TableTrial) -> Mapping[tuple[str, int], list[str]]:
    found: dict[tuple[str, int], list[str]] = {}
    for place, problem in trial.mistakes:
        letter, number, _, words = located(table, place, problem)
        found.setdefault((letter, number), []).append(words)
    return found


class _Cells:
    """Makes the inputs of one row."""

    def __init__(self, form: TableForm, letter: str, number: int, name: str) -> None:
        self.form, self.letter, self.number, self.name = form, letter, number, name
        rows = {"f": form.rows, "r": form.rules}
        self.raw = rows[letter][number] if letter in rows else form.head

    def cell(self, part: str, words: str, **more: Any) -> Cell:
        name = part if self.letter == "h" else f"{self.letter}{self.number}-{part}"
        errors = self.form.errors.get((self.letter, self.number, part), [])
        return Cell(name, self.raw.get(part, ""), words, errors, **more)

    def wrong(self, *parts: str) -> bool:
        return any((self.letter, self.number, part) in self.form.errors for part in parts)
