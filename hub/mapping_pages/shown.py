"""How a mapping's table looks as a form: each input with its choices, what is wrong with it, and its sample."""

from dataclasses import dataclass, field
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Entity, Field, Kind, Mask
from canonical.failure import Category
from exceptions_queue.templatetags.shown import value as in_words
from hub.mapping_pages.table_form import Raw, TableForm, located
from mappings import starting
from mappings.differences import label
from mappings.field_table import KINDS, MOST_KEYS, FieldTable
from mappings.models import LookupTable
from mappings.row_trial import TableTrial, Tried
from mappings.sides import KnownField, target_side

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
RARE = ("on", "default", "connection", "meaning")
LONGEST = 120  # characters of a value that is shown

Choices = list[tuple[str, str]]
Told = dict[tuple[str, int], list[str]]  # by letter and number of the row


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
    of: str = ""  # the row that it belongs to, for those who hear the label
    bare: bool = False  # the column says what it is: its label is only heard
    classes: str = ""  # of the input
    only: str = ""  # of what stands around it: for which kinds of row it is shown, and how wide


@dataclass(slots=True)
class ShownRow:
    """A row of the form: its inputs, what is known of its target, and what becomes of the sample."""

    number: int
    letter: str
    name: str
    first: list[Cell]  # inputs of the first column
    parts: list[Cell]
    rare: list[Cell]  # what is rarely needed
    about: str = ""
    chips: list[str] = field(default_factory=list)
    inside: bool = False
    before: list[tuple[str, str]] = field(default_factory=list)
    after: str = ""
    hidden: bool = False
    said: list[tuple[str, str]] = field(default_factory=list)
    open: bool = False  # whether what is rarely needed is shown at once
    unusual: bool = False  # there is more to see than how the target wants it
    offered: bool = False  # the hub put it there: left out as long as nothing is filled in

    @property
    def place(self) -> str:
        """Return its number from 0, as the form's buttons name it."""
        return str(self.number)

    @property
    def called(self) -> str:
        """Return how messages call it: "Row 3"."""
        return f"{'Rule' if self.letter == 'r' else 'Row'} {self.number + 1}"


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
    said, doubts = _by_row(table, trial)
    outer: Entity | None = ENTITIES.get(str(form.target.get("entity")))
    taken = {} if outer else target_side(form.target).by_name
    entity, shown = outer, []
    for number, raw in enumerate(form.rows):
        inside = bool(raw["inside"])
        of = entity if inside else outer
        target = of.by_name.get(raw["to"].strip()) if of else None
        if not inside:
            lines = target is not None and raw["kind"] == "lines" and target.references
            entity = ENTITIES.get(target.references) if lines and target else None
        shown.append(_field_row(form, number, raw, of, target, known))
        theirs = taken.get(raw["to"].strip()) if not inside else None
        if theirs is not None:
            _of_stream(shown[-1], raw, theirs)
        at = ("f", number)
        _tried(shown[-1], trial.fields[number], said.get(at, []), doubts.get(at, []))
    return shown


def rule_rows(form: TableForm, table: FieldTable, trial: TableTrial) -> list[ShownRow]:
    """Return the form's rows of rules."""
    said, doubts = _by_row(table, trial)
    shown = []
    for number, raw in enumerate(form.rules):
        make = _Cells(form, "r", number, raw["name"] or f"rule {number + 1}")
        first = [
            make.cell("name", "Name", bare=True),
            make.cell("severity", "Where it does not hold", choices=list(SEVERITIES), bare=True),
        ]
        parts = [
            make.cell("check", "What must hold", listing="results", many=True, only="wide", classes="code"),
            make.cell("message", "What is said then", many=True, help="{hours} stands for the value.", only="wide"),
            make.cell("field", "Field to correct", listing="results"),
        ]
        kinds = [(each.value, label(each.value)) for each in Category]
        rare = [
            make.cell("waivable", "May be waived", choices=[("", "No"), ("1", "Yes")]),
            make.cell("category", "Kind of failure", choices=kinds),
            make.cell("meaning", "Note"),
        ]
        wrong = make.wrong("waivable", "category", "meaning")
        row = ShownRow(number, "r", raw["name"], first, parts, rare, open=wrong)
        _tried(row, trial.rules[number], said.get(("r", number), []), doubts.get(("r", number), []))
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
        "on": make.cell(
            "on", "Day for which tables are read", listing="paths", help="Empty: the day of the run.", classes="code"
        ),
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
    make = _Cells(form, "f", number, label(raw["to"].strip()) or f"row {number + 1}")
    to: dict[str, Any] = {"choices": _targets(entity, raw["to"])} if entity else {"listing": "targets"}
    unusual = raw["mode"] not in ("", "overwrite") or any(raw[part] for part in RARE)
    unusual = unusual or make.wrong(*RARE, "mode", "as_kind", "if_blank")
    return ShownRow(
        number, "f", make.name, [make.cell("to", "Target field", bare=True, **to)],
        _source_cells(make, raw, known), _rare_cells(make),
        target.meaning if target else "", _chips(target) if target else [], bool(raw["inside"]),
        offered=bool(raw["offered"]), unusual=unusual,
        open=unusual or bool(raw["as_kind"]) or raw["if_blank"] not in ("", "send"),
    )  # fmt: skip


def _source_cells(make: "_Cells", raw: Raw, known: Known) -> list[Cell]:
    """Return the inputs that say where a row's value comes from; each kind of row shows its own."""
    looks_up = raw["kind"] == "lookup"
    tables = known.choices(raw["table"] if looks_up else "")
    if raw["kind"] == "reference":
        tables = [("", "Choose…"), *((each, label(each)) for each in ENTITIES)]
    calls, code = "only for-lookup for-reference", "code"
    return [
        make.cell("kind", "Kind", choices=list(KINDS.items()), bare=True, classes="kind"),
        make.cell("source", "Value or field", listing="paths", bare=True, only="only for-copy for-constant for-lines"),
        make.cell("constant", "Written as", choices=list(CONSTANTS), bare=True, only="only for-constant"),
        make.cell("formula", "Formula", many=True, bare=True, only="only for-formula wide", classes=code),
        make.cell("table", "Table" if looks_up else "Kind of record", choices=tables, only=calls, classes="table"),
        *(
            make.cell(f"key{n}", words, listing="paths", only="only for-lookup" if n else calls, classes=code)
            for n, words in enumerate(_key_heads(raw, known))
        ),
        make.cell("when", "Only where", listing="paths", help="Empty: always.", only=calls, classes=code),
    ]


def _key_heads(raw: Raw, known: Known) -> list[str]:
    """Return what the inputs of keys are called: a table's key columns, and further ones that were typed."""
    looks_up = raw["kind"] == "lookup"
    columns = known.key_columns(raw["table"]) if looks_up else ["Our key"]
    typed = max((n + 1 for n in range(MOST_KEYS) if raw[f"key{n}"]), default=0) if looks_up else 1
    count = max(len(columns[:MOST_KEYS]), typed, 1)
    return ([label(each) for each in columns] + [f"Key {n + 1}" for n in range(len(columns), count)])[:count]


def _rare_cells(make: "_Cells") -> list[Cell]:
    waits, own = "Empty: the record waits for the row.", "Short name. Empty: the record's own."
    kinds = [("", "As it is"), *((kind.value, KIND_WORDS[kind]) for kind in Kind)]
    calls, code = "only for-lookup for-reference", "code"
    return [
        make.cell("connection", "At the connection", help=own, only="only for-reference"),
        make.cell("on", "Valid on the day", listing="paths", help="Empty: the mapping's day.", only="only for-lookup",
                  classes=code),
        make.cell("default", "Where there is none", help=waits, only=calls, classes=code),
        make.cell("mode", "Written", choices=list(MODES)),
        make.cell("as_kind", "As", choices=kinds),
        make.cell("if_blank", "Where blank", choices=list(BLANKS)),
        make.cell("meaning", "Note"),
    ]  # fmt: skip


def _chips(target: Field) -> list[str]:
    """Return what a row's target is, in a few words each."""
    chips = [KIND_WORDS[target.kind], *([target.unit] if target.unit else [])]
    chips += ["required"] if target.required else []
    return chips + ([f"hidden as {MASKS[target.mask]}"] if target.mask in MASKS else [])


def _of_stream(row: ShownRow, raw: Raw, field: KnownField) -> None:
    """Say what a connector's manifest says of a row's target."""
    row.about = field.about
    row.chips = [*([KIND_WORDS[field.kind]] if field.kind else []), *(["required"] if field.required else [])]
    begun = starting.row_of(field, "", to_stream=True)
    if (raw["as_kind"], raw["if_blank"]) == (begun.as_kind, begun.if_blank):
        row.open = row.unusual


def _targets(entity: Entity, chosen: str) -> Choices:
    found = [("", "Choose a field…"), *((each.name, label(each.name)) for each in entity.fields)]
    return found if chosen in dict(found) else [*found, (chosen, f"{chosen} (there is no such field)")]


def _tried(row: ShownRow, tried: Tried, mistakes: list[str], doubts: list[str]) -> None:
    row.hidden = tried.hidden
    row.before = [(path, "hidden from you" if tried.hidden else shown_value(found)) for path, found in tried.before]
    row.after = "hidden from you" if tried.hidden else "" if tried.after is None else shown_value(tried.after)
    row.said = [("error", words) for words in mistakes] + [("warning", words) for words in doubts] + tried.said


def _by_row(table: FieldTable, trial: TableTrial) -> tuple[Told, Told]:
    """Return what is wrong with each row, and what is doubtful about it."""
    found: Told = {}
    doubts: Told = {}
    for place, problem in trial.mistakes:
        letter, number, _, words = located(table, place, problem)
        found.setdefault((letter, number), []).append(words)
    for place, problem in trial.doubts:
        letter, number, _, words = located(table, place, problem)
        doubts.setdefault((letter, number), []).append(words)
    return found, doubts


class _Cells:
    """Makes the inputs of one row."""

    def __init__(self, form: TableForm, letter: str, number: int, name: str) -> None:
        self.form, self.letter, self.number, self.name = form, letter, number, name
        rows = {"f": form.rows, "r": form.rules}
        self.raw = rows[letter][number] if letter in rows else form.head

    def cell(self, part: str, words: str, **more: Any) -> Cell:
        name = part if self.letter == "h" else f"{self.letter}{self.number}-{part}"
        errors = self.form.errors.get((self.letter, self.number, part), [])
        return Cell(name, self.raw.get(part, ""), words, errors, of=self.name, **more)

    def wrong(self, *parts: str) -> bool:
        return any((self.letter, self.number, part) in self.form.errors for part in parts)
