"""Try a mapping's table on one sample, row by row, while somebody still writes it. Nothing is written or sent.

A row that is wrong does not keep the others from being shown: it is tried as a blank, and says what is wrong with it.
What the person may not see never reaches a formula: it is blank there, and every row that reads it says so instead of
showing a value.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Mask
from canonical.validity import check
from governance.actor import By
from governance.models import LegalEntity
from governance.rights import NotAllowed, Right, allowed, require
from mappings import discreet
from mappings.batch import run_batch
from mappings.compiled import CompiledMapping, compile_mapping
from mappings.content import Content, FieldRule, Formula
from mappings.covering import taken_back
from mappings.field_table import FieldRow, FieldTable, Place, content_of, place_of, table_of
from mappings.formula.problems import MappingErrors, SavedProblem
from mappings.formula.tree import Call, Constant, Node, Path, walk
from mappings.models import Mapping
from mappings.sides import doubts, source_side

Mistakes = list[tuple[Place, SavedProblem]]
ROUNDS = 6  # of setting aside what is wrong; each finds all problems of one kind
MOST_READ = 4  # values before that a row shows
FIRST_LINE, ANY_LINE = re.compile(r"\[0\]"), re.compile(r"\[\d+\]\.")  # a row of lines shows the first one


@dataclass(frozen=True, slots=True)
class Sample:
    """One record to try on, and whose tables and numbers count for it."""

    record: dict[str, Any]
    hidden: frozenset[str] = frozenset()  # paths that the person may not see; blank in the record
    legal_entity_id: int | None = None
    connection_id: int | None = None
    masks: frozenset[Mask] = frozenset(Mask)  # that the person sees through; all of them for what is nobody's record


@dataclass(slots=True)
class Tried:
    """What becomes of the sample at one row."""

    before: list[tuple[str, Any]] = field(default_factory=list)  # path, value
    after: Any = None
    hidden: bool = False  # it reads something that the person may not see
    said: list[tuple[str, str]] = field(default_factory=list)  # severity, words


@dataclass(slots=True)
class TableTrial:
    """What becomes of a sample: a row for each field and each rule, what is wrong with the table, and what is left."""

    fields: list[Tried]
    rules: list[Tried]
    mistakes: list[tuple[Place, SavedProblem]] = field(default_factory=list)
    doubts: list[tuple[Place, SavedProblem]] = field(default_factory=list)  # what it reads and nobody has seen there
    said: list[tuple[str, str]] = field(default_factory=list)  # of the record as such


def mistakes_of(table: FieldTable) -> Mistakes:
    """Return everything that keeps a table from running, each at its place."""
    return _lenient(table)[2]


def try_rows(
    mapping: Mapping | None,
    *,
    table: FieldTable,
    sample: Sample | None,
    by: By,
    legal_entity: LegalEntity | None = None,
) -> TableTrial:
    """Return what becomes of a sample at each row. Raises NotAllowed.

    A mapping of None is one that is not kept yet, for `legal_entity`. Whoever edits or approves configuration there may
    try it.
    """
    place = mapping.legal_entity if mapping else legal_entity
    if mapping is None or not allowed(by, Right.APPROVE_CONFIGURATION, place):
        require(by, Right.EDIT_CONFIGURATION, place)
    if sample is not None and not allowed(by, Right.VIEW, sample.legal_entity_id):
        raise NotAllowed("This sample belongs to a company whose records you may not see. Choose another one.")
    if mapping is not None:
        table = table_of(taken_back(content_of(table), by=by, key=mapping.key))
    compiled, kept, mistakes = _lenient(table)
    trial = TableTrial([Tried() for _ in table.fields], [Tried() for _ in table.rules], mistakes)
    if compiled is not None:
        side = source_side(table.source, [sample.record] if sample else ())
        (mistakes if side.closed else trial.doubts).extend(kept.placed(doubts(compiled.content, side)))
    if compiled is not None and sample is not None:
        _Shower(trial, compiled, kept, sample, by).show()
    return trial


@dataclass(slots=True)
class _Kept:
    """Which rows of the table are tried, under which numbers."""

    fields: list[int]
    rules: list[int]
    blank: set[int]  # tried as a blank, because they are wrong
    now: FieldTable  # of these rows alone

    def placed(self, problems: list[SavedProblem]) -> Mistakes:
        """Return problems of a table of these rows at the rows of the whole table, which their words name, too."""
        found: Mistakes = []
        for problem in problems:
            place, other = self._own(place_of(problem.path, self.now)), self._own(place_of(problem.other, self.now))
            if place is not None:
                named = f"Row {other.row + 1}" if other and other.what else "Another row"
                words = problem.in_form.replace("{other}", named)
                found.append((place, replace(problem, in_form=words)))
        return found

    def _own(self, place: Place) -> Place | None:
        numbers = {"field": self.fields, "rule": self.rules}.get(place.what)
        if numbers is None:
            return replace(place, row=-1)
        return replace(place, row=numbers[place.row]) if place.row < len(numbers) else None


def _lenient(table: FieldTable) -> tuple[CompiledMapping | None, _Kept, Mistakes]:
    """Return what can be tried of a table, and all that is wrong with it.

    Rows that are wrong are tried as blanks, or left out where their target is wrong; what is wrong with the others is
    found in the next round, so that everything is told at once.
    """
    mistakes: Mistakes = []
    rows: list[tuple[int, FieldRow]] = list(enumerate(table.fields))
    rules = list(enumerate(table.rules))
    extra: tuple[FieldRow, ...] = ()
    blank: set[int] = set()
    name, on = table.name, table.on
    for _ in range(ROUNDS):
        now = replace(
            table, name=name, on=on, fields=(*(row for _, row in rows), *extra), rules=tuple(rule for _, rule in rules)
        )
        kept = _Kept([n for n, _ in rows], [n for n, _ in rules], blank, now)
        try:
            return compile_mapping(content_of(now)), kept, mistakes
        except MappingErrors as errors:
            places = [place_of(each.path, now) for each in errors.problems]
            mistakes += [told for told in kept.placed(errors.problems) if told not in mistakes]
        name, on = ("-", on) if any(each.part == "name" for each in places) else (name, on)
        on = "" if any(each.part == "on" for each in places) else on
        bad_rules = {each.row for each in places if each.what == "rule"}
        bad = {each.row: each.part for each in places if each.what == "field" and each.row < len(rows)}
        if any(each.part == "rules" for each in places):
            bad_rules |= set(_doubles([rule.name for _, rule in rules]))
        rules = [rule for number, rule in enumerate(rules) if number not in bad_rules]
        if any(each.part == "fields" for each in places):
            extra = _fillers(now)
        made: list[tuple[int, FieldRow]] = []
        without_lines = False  # the row of lines above is left out, and what is inside of it, too
        for number, (own, row) in enumerate(rows):
            without_lines = without_lines and row.inside
            if number not in bad:
                made += [] if without_lines else [(own, row)]
            elif row.kind == "lines" and not row.inside:
                without_lines = True
            elif bad[number] not in ("to", "") and not without_lines:
                blank.add(own)
                made.append((own, FieldRow(row.to, "constant", constant="blank", inside=row.inside)))
        rows = made
    return None, _Kept([], [], set(), table), mistakes


def _doubles(names: list[str]) -> list[int]:
    return [number for number, name in enumerate(names) if name in names[:number]]


def _fillers(table: FieldTable) -> tuple[FieldRow, ...]:
    entity = ENTITIES.get(str(table.target.get("entity")))
    filled = {row.to for row in table.fields}
    lacking = [each.name for each in entity.fields if each.required and each.name not in filled] if entity else []
    lacking = lacking or ([] if table.fields else ["-"])
    return tuple(FieldRow(name if name != "-" else "nothing", "constant", constant="blank") for name in lacking)


class _Shower:
    """Fills in a trial from one run."""

    def __init__(self, trial: TableTrial, compiled: CompiledMapping, kept: _Kept, sample: Sample, by: By) -> None:
        self.trial, self.kept, self.sample, self.by = trial, kept, sample, by
        self.compiled = compiled
        sources = [each for each in compiled.sources if each.kind == "lookup"]
        self.untold = discreet.hidden_columns(sources, sample.legal_entity_id, by)  # "costs.cost_rate", as looked up
        self.values: dict[str, Any] = {}
        self.tainted: set[str] = (
            set()
        )  # "cost_rate", "lines.amount", "lines": what of the result holds something hidden

    def show(self) -> None:
        content = self.compiled.content
        place = self.sample.legal_entity_id
        outcome = run_batch(
            self.compiled, [self.sample.record], connection_id=self.sample.connection_id, legal_entity_id=place,
            reader=self.by,
        )[0]  # fmt: skip
        flat: list[tuple[str, FieldRule, bool]] = []
        for rule in content.fields:
            flat.append((rule.name, rule, False))
            flat += [(f"{rule.name}[0].{inner.name}", inner, True) for inner in rule.lines or ()]
        self.values = outcome.values
        problems = list(outcome.problems)
        if content.target is not None and not outcome.failed:
            problems += check(content.target, outcome.values)
        self._taint(content)
        named: dict[str, Tried] = {}
        for own, (name, rule, inside) in zip(self.kept.fields, flat, strict=False):
            tried = self.trial.fields[own]
            named[name] = tried
            if own in self.kept.blank:
                continue
            self._before(tried, rule, self._line_of(flat, name) if inside else self.sample.record)
            tried.after = _at(outcome.values, name)
            tried.hidden |= FIRST_LINE.sub("", name) in self.tainted
        checks = {rule.name: (tried, rule) for tried, rule in zip(
            [self.trial.rules[own] for own in self.kept.rules], content.rules, strict=False)}  # fmt: skip
        for tried, check_ in checks.values():
            named_too = any(f"{{{each}" in check_.message for each in self.tainted)
            tried.hidden = named_too or self._is_hidden(check_.check, rule=True)
            tried.after = True
        for problem in problems:
            found = checks.get(problem.rule) if problem.rule else None
            tried_at = found[0] if found else named.get(ANY_LINE.sub("[0].", problem.field))
            if found:
                found[0].after = False
            if tried_at is None:
                self.trial.said.append((problem.severity, problem.message))
            elif not tried_at.hidden:
                tried_at.said.append((problem.severity, problem.message))

    def _line_of(self, flat: list[tuple[str, FieldRule, bool]], name: str) -> dict[str, Any]:
        outer = name.split("[0].", 1)[0]
        rule = next(each for known, each, _ in flat if known == outer)
        path = next((node for node in walk(rule.formula.tree) if isinstance(node, Path)), None)
        found = _at(self.sample.record, ".".join(path.steps)) if path else None
        return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}

    def _before(self, tried: Tried, rule: FieldRule, record: dict[str, Any]) -> None:
        for node in walk(rule.formula.tree):
            tried.hidden |= self._looks_up_hidden(node)
            if not isinstance(node, Path):
                continue
            written = str(node)
            if written in dict(tried.before):
                continue
            if node.steps[0] == "result":
                name = ".".join(node.steps[1:])
                tried.hidden |= self._is_tainted(name)
                if len(tried.before) < MOST_READ:
                    tried.before.append((written, _at(self.values, name)))
                continue
            tried.hidden |= self._touches(node.steps)
            if len(tried.before) < MOST_READ:
                steps = node.steps[1:] if node.steps[0] == "source" else node.steps
                source = self.sample.record if node.steps[0] == "source" else record
                tried.before.append((written, _walk(source, steps)))

    def _taint(self, content: Content) -> None:
        """Find what of the result holds something hidden, over fields of the result that are read for others, too."""
        known: list[tuple[str, FieldRule, str | None]] = [(rule.name, rule, None) for rule in content.fields]
        known += [
            (f"{rule.name}.{inner.name}", inner, rule.name) for rule in content.fields for inner in rule.lines or ()
        ]
        size = -1
        while size < len(self.tainted):
            size = len(self.tainted)
            for name, rule, outer in known:
                if (
                    self._is_masked(rule.name, outer)
                    or self._is_hidden(rule.formula)
                    or self._reads_tainted(rule.formula)
                ):
                    self.tainted |= {name} if outer is None else {name, outer}

    def _is_masked(self, name: str, outer: str | None) -> bool:
        target = self.compiled.content.target
        if target is not None and outer is not None:
            lines = target.by_name.get(outer)
            target = ENTITIES.get(lines.references) if lines else None
        known = target.by_name.get(name) if target else None
        return known is not None and known.mask is not Mask.NONE and known.mask not in self.sample.masks

    def _reads_tainted(self, formula: Formula) -> bool:
        paths = (node.steps for node in walk(formula.tree) if isinstance(node, Path))
        return any(self._is_tainted(".".join(steps[1:])) for steps in paths if steps[0] == "result")

    def _is_tainted(self, name: str) -> bool:
        return any(name == each or each.startswith(f"{name}.") or name.startswith(f"{each}.") for each in self.tainted)

    def _is_hidden(self, formula: Formula, *, rule: bool = False) -> bool:
        for node in walk(formula.tree):
            if self._looks_up_hidden(node):
                return True
            if not isinstance(node, Path):
                continue
            first, name = node.steps[0], ".".join(node.steps)
            if rule and first != "source":
                if self._is_tainted(name.removeprefix("result.")):
                    return True
            elif self._touches(node.steps):
                return True
        return False

    def _looks_up_hidden(self, node: Node) -> bool:
        """Return whether a part of a formula reads a column of a table that the person may not see."""
        first = node.arguments[0] if isinstance(node, Call) and node.name == "LOOKUP" and node.arguments else None
        return isinstance(first, Constant) and first.value in self.untold

    def _touches(self, steps: tuple[str, ...]) -> bool:
        path = ".".join(steps[1:] if steps[0] == "source" else steps)
        return any(
            path == each or each.startswith((f"{path}.", f"{path}[")) or path.startswith(f"{each}.")
            for each in self.sample.hidden
        )


def blanked(record: Any, hidden: Collection[str], at: str = "") -> Any:
    """Return a record with what lies at hidden paths ("user.name", "lines[0].rate") made blank."""
    if isinstance(record, dict):
        return {name: blanked(each, hidden, f"{at}.{name}" if at else name) for name, each in record.items()}
    if isinstance(record, list):
        return [blanked(each, hidden, f"{at}[{number}]") for number, each in enumerate(record)]
    return None if at in hidden else record


def _walk(value: Any, steps: tuple[str, ...]) -> Any:
    for step in steps:
        if isinstance(value, list):
            value = [each.get(step) if isinstance(each, dict) else None for each in value]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def _at(value: Any, name: str) -> Any:
    """Return what a result holds at a target's name: "lines[0].amount", "customer.id"."""
    for step in name.replace("[", ".").replace("]", "").split("."):
        if isinstance(value, list):
            value = value[int(step)] if step.isdecimal() and int(step[:9]) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value
