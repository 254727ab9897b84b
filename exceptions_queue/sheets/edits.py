"""What somebody has changed in a sheet: which fields of which records, and everything that is wrong, by row and column.

Asks for no right of its own: what somebody may not correct is told like what is not there. Writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection

from canonical.entities import ENTITIES
from canonical.entity import Field
from exceptions_queue import words
from exceptions_queue.models import State, WorkItem
from exceptions_queue.sheets import stamps
from exceptions_queue.sheets.cells import EMPTY, Doubtful, plain_number, typed_text
from exceptions_queue.sheets.lines import BESIDE, ID, NUMBER, RECORD, SEEN
from exceptions_queue.sheets.reading import LONGEST, Grid
from exceptions_queue.sheets.stamps import Stamp
from exceptions_queue.sheets.workbook import Cell
from exceptions_queue.verbs.correct_field import correctable
from governance.models import User
from governance.roles import Right
from routes import right_values
from routes.overlays import overtaken_by

NEVER_READ = frozenset(each.casefold() for each in (ID, SEEN, NUMBER, BESIDE[2]))
KEY = RECORD.casefold()
LINE = "line"  # what is told of a whole line and not of one of its columns

FOUND = """
SELECT f.id, i.number, f.record_id, coalesce(r.key, ''), f.closed_at IS NOT NULL
FROM routes_failure f JOIN exceptions_queue_workitem i ON i.fingerprint = f.fingerprint
LEFT JOIN routes_record r ON r.id = f.record_id WHERE f.id = ANY(%s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one cell, or with a line as a whole."""

    row: int  # as spreadsheets count
    column: str
    words: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A field of one record that somebody has changed."""

    row: int
    failure: UUID
    item: int
    field: str
    value: str  # as a person types it; "" empties it
    seen_until: int


@dataclass(slots=True)
class Read:
    """What a sheet says."""

    edits: list[Edit] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: int = 0  # with something in them
    closed: set[UUID] = field(default_factory=set)  # changed here, and seen to by somebody meanwhile

    @property
    def unchanged(self) -> int:
        """Return how many lines say what they said."""
        return self.lines - len({edit.failure for edit in self.edits} | {problem.row for problem in self.problems})


@dataclass(slots=True)
class _Line:
    row: int
    failure: UUID
    stamp: Stamp
    cells: dict[str, Cell]  # by head, in lower case


def read(grid: Grid, by: User) -> Read:
    """Return what is changed in a sheet, and every problem. A constant number of queries, and two for each company.

    Raises ValueError where its heads are not those of a sheet to be corrected.
    """
    heads = _heads(grid)
    made = Read(lines=len(grid.rows))
    lines = _lines(grid, heads, made)
    found = _members([line.failure for line in lines])
    items = _items({number for number, *_ in found.values()}, by)
    changed: list[Edit] = []
    for line in lines:
        changed += _of_line(line, found.get(line.failure), items, grid.comma, made)
    made.edits = _not_overtaken(changed, found, by, items, made)
    made.problems.sort(key=lambda problem: problem.row)
    return made


def _heads(grid: Grid) -> dict[str, int]:
    """Return the columns of a sheet by head. Raises ValueError with every head that is wrong."""
    found: dict[str, int] = {}
    wrong = []
    for place, head in enumerate(grid.heads):
        name = head.casefold().replace("_", " ")
        if not name:
            if any(place < len(row) and row[place] not in (None, "") for _, row in grid.rows):
                wrong.append(f"column {place + 1} has no head")
        elif name in found:
            wrong.append(f"the head “{head[:40]}” stands twice")
        else:
            found[name] = place
    if missing := [name for name in (ID, SEEN) if name.casefold() not in found]:
        wrong.append(f"the column {' and '.join(missing)} is missing")
    known = {each.casefold() for each in (ID, SEEN, *BESIDE)}
    fields = {words.plain(each.name) for entity in ENTITIES.values() for each in entity.fields}
    wrong += [f"there is no column “{grid.heads[at][:40]}”" for name, at in found.items() if name not in known | fields]
    if wrong:
        raise ValueError(
            f"These are not the heads of a sheet to correct: {'; '.join(wrong)}. Take the sheet from its page, and "
            "change only what stands below its heads; columns that you do not change may go, but for Id and Seen."
        )
    return found


def _lines(grid: Grid, heads: Mapping[str, int], made: Read) -> list[_Line]:
    lines: list[_Line] = []
    first: dict[UUID, int] = {}
    for row, cells in grid.rows:
        of = {name: cells[at] if at < len(cells) else None for name, at in heads.items()}
        failure = stamps.failure_of(str(of[ID.casefold()] or ""))
        stamp = stamps.read(str(of[SEEN.casefold()] or ""), ENTITIES)
        if len(cells) > len(grid.heads) and any(each not in (None, "") for each in cells[len(grid.heads) :]):
            made.problems.append(Problem(row, LINE, "It has more cells than there are heads."))
        elif failure is None:
            made.problems.append(Problem(row, ID, "This is no id of a line. Leave that column as it was."))
        elif stamp is None:
            made.problems.append(Problem(row, SEEN, "This was changed, or is of another release. Take the sheet anew."))
        elif failure in first:
            told = f"Row {first[failure]} is the same line. Leave one of them."
            made.problems.append(Problem(row, ID, told))
        else:
            first[failure] = row
            lines.append(_Line(row, failure, stamp, of))
    return lines


def _members(failures: Sequence[UUID]) -> dict[UUID, tuple[int, UUID | None, str, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(FOUND, [[str(each) for each in failures]])
        return {id_: tuple(rest) for id_, *rest in cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class _Place:
    """An item, and what somebody may correct in what it holds."""

    item: WorkItem
    fields: Mapping[str, Field]  # by head, in lower case


def _items(numbers: set[int], by: User) -> dict[int, _Place]:
    mine = WorkItem.objects.visible_to(by, Right.EDIT_OVERLAY).select_related("legal_entity")
    kept: dict[Any, dict[str, Field]] = {}
    found = {}
    for item in mine.filter(number__in=numbers):
        place = (item.legal_entity_id, item.route_id, item.entity)
        if place not in kept:
            kept[place] = {words.plain(each.name).casefold(): each for each in correctable(item, by)}
        found[item.number] = _Place(item, kept[place])
    return found


@cache
def _names(entity: str) -> Mapping[str, str]:
    """Return the fields of an entity by the heads of their columns, in lower case."""
    return {words.plain(each.name).casefold(): each.name for each in ENTITIES[entity].fields}


def _of_line(
    line: _Line, member: tuple[int, UUID | None, str, bool] | None, items: Mapping[int, _Place], comma: bool, made: Read
) -> list[Edit]:
    place = items.get(member[0]) if member else None
    if member is None or place is None or place.item.entity != line.stamp.entity:
        made.problems.append(Problem(line.row, ID, "There is no such line for you. It was taken from elsewhere."))
        return []
    number, _, key, closed = member
    edits = []
    for head, cell in line.cells.items():
        if head in NEVER_READ:
            continue
        if head == KEY:
            if cell not in (None, "") and str(cell) != key:
                told = f"This Id is that of {key}: the cells of lines were moved apart. Take the sheet anew."
                made.problems.append(Problem(line.row, RECORD, told))
                return []
            continue
        edits += _of_cell(line, number, head, cell, place, comma, made)
    if edits and (closed or place.item.state == State.RESOLVED):
        made.closed.add(line.failure)
    return edits


def _of_cell(line: _Line, number: int, head: str, cell: Cell, place: _Place, comma: bool, made: Read) -> list[Edit]:
    spec = place.fields.get(head)
    was = line.stamp.letters.get(_names(line.stamp.entity).get(head, ""))
    if cell in (None, "") or (was is not None and was in _marks_as_it_is(cell)):
        return []
    shown = head.capitalize()
    if spec is None:
        told = "This field is not released for corrections here, or not for you. Leave the cell empty."
        made.problems.append(Problem(line.row, shown, told))
        return []
    try:
        if isinstance(cell, str) and len(cell) > LONGEST:
            raise Doubtful(f"It has more than {LONGEST:,} characters.")
        text = typed_text(spec, cell, comma=comma)
        if was is not None and stamps.mark(text) == was:
            return []
        text = "" if text.casefold() == EMPTY else text
        right_values.read(ENTITIES[line.stamp.entity], spec, text)
    except ValueError as error:
        made.problems.append(Problem(line.row, shown, str(error)))
        return []
    return [Edit(line.row, line.failure, number, spec.name, text, line.stamp.newest)]


def _marks_as_it_is(cell: Cell) -> set[str]:
    """Return the marks of a cell that nobody has touched: 1.234 is no question where it was 1.234 before."""
    text = str(cell)
    return {stamps.mark(text), stamps.mark(plain_number(text))}


def _not_overtaken(
    edits: list[Edit], found: Mapping[UUID, tuple[int, UUID | None, str, bool]], by: User, items: Mapping[int, _Place],
    made: Read,
) -> list[Edit]:  # fmt: skip
    """Return the edits of fields that nobody has corrected since the sheet was taken; the others are told."""
    records = {edit.failure: record for edit in edits if (record := found[edit.failure][1])}
    least = min((edit.seen_until for edit in edits), default=0)
    newer = overtaken_by(set(records.values()), since=least)
    left: list[Edit] = []
    gone: dict[int, str] = {}
    for edit in edits:
        record = records.get(edit.failure)
        there = newer.get((record, edit.field)) if record else None
        if there is None or there.number <= edit.seen_until:
            if edit.failure in made.closed:
                gone.setdefault(edit.row, "Somebody has seen to it meanwhile, or a newer version has come.")
            else:
                left.append(edit)
            continue
        shown = words.plain(edit.field).capitalize()
        made.problems.append(Problem(edit.row, shown, there.words))
    made.problems += [Problem(row, LINE, words_) for row, words_ in gone.items()]
    return left
