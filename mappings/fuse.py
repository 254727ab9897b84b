"""Write a whole mapping as one Python function, and compile it.

Shape of what is generated: `bind(g0, f0, …)` takes the snapshot's tables and returns `run(rec, today)`. Paths that are
certainly needed are read once at the top; then each field and each rule stands in its own try, which costs nothing
until it raises. A field that failed leaves its variable unbound, so what depends on it stays silent instead of blaming
itself.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Kind, Mask
from mappings import mapped
from mappings.content import Content, FieldRule, Formula, Rule
from mappings.derived import Derived
from mappings.formula import values
from mappings.formula.arguments import day_of
from mappings.formula.atom import Atom
from mappings.formula.check import check
from mappings.formula.days import known_day, named_day
from mappings.formula.emit import Emitter
from mappings.formula.emit_tables import Source, Tables
from mappings.formula.preload import Preload
from mappings.formula.problems import MappingErrors, SavedProblem
from mappings.formula.scope import Scope
from mappings.formula.tree import Call, Path, walk
from mappings.formula.writer import Writer
from mappings.functions import FUNCTIONS
from mappings.kinds import CONVERTERS, converted
from mappings.outcome import breach, build_lines, partial, partly

RUNTIME: dict[str, Any] = {
    "__builtins__": {"len": len, "str": str, "dict": dict, "bool": bool, "int": int, "locals": locals},
    "Decimal": Decimal,
    "date": date,
    "date_from_iso": date.fromisoformat,
    "datetime_from_iso": datetime.fromisoformat,
    "ORDERED": frozenset({Decimal, str, date}),
    "SAFE": frozenset({str, bool, type(None), date, datetime}),
    "KeyError": KeyError,
    "TypeError": TypeError,
    "settled": mapped.settled,
    "new": tuple.__new__,
    "Exception": Exception,
    "Mapped": mapped.Mapped,
    "NameError": NameError,
    "explain": mapped.explain,
    "day_of": day_of,
    "known_day": known_day,
    "named_day": named_day,
    "breach": breach,
    "partial": partial,
    "partly": partly,
    "build_lines": build_lines,
    **{each.__name__: each for each in CONVERTERS.values()},
    **{name: function.call for name, function in FUNCTIONS.items() if not function.lazy},
    **{
        each.__name__: each
        for each in (
            values.add, values.subtract, values.multiply, values.divide, values.power, values.negative, values.number,
            values.truth, values.text, values.bounded, values.key_text, values.compared, values.same,
            values.field_of,
            values.rounded,
        )
    },
}  # fmt: skip
DAY = "day of the tables"
OURS = "hub"  # what routes tell beside the record: `hub.key`, our key at the destination, and `hub.version`
LINE_ARGUMENTS = "rec, outer, day, problems, hits, prefix"
CAUGHT = "except Exception as error: explain(error, SITES, problems{})"
RESULT_KINDS = {
    Kind.TEXT: "text",
    Kind.DECIMAL: "number",
    Kind.MONEY: "number",
    Kind.DATE: "date",
    Kind.BOOLEAN: "yes/no",
}


@dataclass(frozen=True, slots=True)
class Fused:
    """A compiled mapping: its source text, the tables it reads, and the function that binds it to a snapshot."""

    source: str
    sources: tuple[Source, ...]
    bind: Any


def fuse(content: Content) -> Fused:
    """Compile a mapping. Raises MappingErrors with everything that the formulas get wrong."""
    return _Fuser(content).fuse()


class _Fuser:
    def __init__(self, content: Content) -> None:
        self.content, self.writer, self.tables = content, Writer(), Tables()
        self.problems: list[SavedProblem] = []
        known = frozenset(content.source.by_name) | {OURS} if content.source else None
        self.scope = Scope(known=known)
        self.day_path: tuple[str, ...] | None = None
        self.derived = Derived(content)

    def fuse(self) -> Fused:
        self._check()
        body = self.writer
        body.lines.append("")  # the head is known only when the body is written: which tables it reads
        body._depth = 1
        for index, rule in enumerate(self.content.fields):
            if rule.lines is not None:
                self._line_function(index, rule.lines)
        with body.block("def run(rec, today, Decimal=Decimal, str=str, int=int):"):
            self._run()
        body.line("return run")
        body.lines[0] = f"def bind({self.tables.parameters()}):"
        text = "\n".join(body.lines) + "\n"
        namespace = {**RUNTIME, **body.names, "SITES": body.sites}
        exec(compile(text, f"<mapping {self.content.name}>", "exec"), namespace)  # noqa: S102  # written by us from a whitelist; no word of a formula gets here
        return Fused(text, tuple(self.tables.sources), namespace["bind"])

    # Judging every formula before one line is written, so that all problems come at once.

    def _check(self) -> None:
        if self.content.on:
            self._check_one(self.content.on, self.scope)
            self._check_day(self.content.on)
        scope = Scope(known=self.scope.known)
        for index, rule in enumerate(self.content.fields):
            self._check_one(rule.formula, scope)
            inner = Scope(known=None)
            for number, line in enumerate(rule.lines or ()):
                self._check_one(line.formula, inner)
                _remember(inner, line, f"r{number}")
            _remember(scope, rule, f"r{index}")
        scope.results_first = True
        for rule_ in self.content.rules:
            self._check_one(rule_.check, scope)
            self._check_field(rule_, scope)
        if self.problems:
            raise MappingErrors(self.problems)
        for formula in self._formulas():
            for node in walk(formula.tree):
                if isinstance(node, Call) and node.name in ("LOOKUP", "XREF"):
                    self.tables.collect(node)

    def _formulas(self) -> list[Formula]:
        """Return every formula of the mapping."""
        content = self.content
        fields = [each.formula for rule in content.fields for each in (rule, *(rule.lines or ()))]
        return [*([content.on] if content.on else []), *fields, *(rule.check for rule in content.rules)]

    def _check_one(self, formula: Formula, scope: Scope) -> None:
        try:
            check(formula.text, formula.tree, scope)
        except MappingErrors as errors:
            self.problems += [problem.at(path=formula.path) for problem in errors.problems]
        for node in walk(formula.tree):
            if isinstance(node, Call) and node.name == "XREF" and node.arguments:
                entity = getattr(node.arguments[0], "value", None)
                if isinstance(entity, str) and entity and entity not in ENTITIES:
                    remedy = f"Use one of: {', '.join(ENTITIES)}."
                    where = node.arguments[0].position
                    problem = SavedProblem(
                        f"There is no entity {entity!r}.", remedy, where, formula.path, text=formula.text
                    )
                    self.problems.append(problem)

    def _check_day(self, formula: Formula) -> None:
        """Refuse a day that is looked up by itself."""
        for node in walk(formula.tree):
            if isinstance(node, Call) and node.name == "LOOKUP" and "on" not in node.named:
                message = "The day that tables are read for is looked up here, and says no day for that."
                remedy = "Write LOOKUP(…, on: worked_on)."
                self.problems.append(SavedProblem(message, remedy, node.position, formula.path, text=formula.text))

    def _check_field(self, rule: Rule, scope: Scope) -> None:
        names = {".".join(map(str, steps)) for steps in scope.results}
        if rule.field and rule.field not in names:
            remedy = f"Use one of: {', '.join(sorted(names))}."
            path = rule.check.path.replace(".check", ".field")
            self.problems.append(SavedProblem(f"{rule.field} is not a field of the result.", remedy, path=path))

    # Writing.

    def _run(self) -> None:
        body, content = self.writer, self.content
        body.line("problems, hits = [], []")
        emitter = Emitter(body, self.scope, self.tables)
        formulas = [(rule.name, rule.formula) for rule in content.fields]
        if content.on:
            formulas.insert(0, (DAY, content.on))
        checks = [(rule.field or rule.name, rule.check) for rule in content.rules]
        Preload(emitter, self.scope).write(formulas, checks, CAUGHT.format(""))
        self._day(emitter, content.on)
        for index, rule in enumerate(content.fields):
            self._field(emitter, index, rule, "")
        self.scope.results_first = True
        for rule_ in content.rules:
            self._rule(emitter, rule_)
        self._result(content.fields)
        body.line("return settled(values, problems, hits) if problems else new(Mapped, (values, problems, (), hits))")

    def _line_function(self, index: int, fields: tuple[FieldRule, ...]) -> None:
        outer, self.scope = self.scope, Scope(outer="outer")
        with self.writer.block(f"def line{index}({LINE_ARGUMENTS}):"):
            emitter = Emitter(self.writer, self.scope, self.tables)
            formulas = [(rule.name, rule.formula) for rule in fields]
            Preload(emitter, self.scope).write(formulas, [], CAUGHT.format(", prefix"))
            if opening := self.tables.opening():
                self.writer.line(opening)
            for number, rule in enumerate(fields):
                self._field(emitter, number, rule, ", prefix")
            self._result(fields)
            self.writer.line("return values")
        self.scope = outer

    def _day(self, emitter: Emitter, formula: Formula | None) -> None:
        """Write the day on which table rows must be valid, and get the tables of that day."""
        opening = self.tables.opening()
        if formula is None:
            self.writer.line("day = today")
            if opening:
                self.writer.line(opening)
            return
        self.writer.field = DAY
        with self.writer.attempt():
            atom = emitter.emit(formula.tree)
            code = f"day = {atom.code} if {atom.code}.__class__ is date else day_of({atom.code})"
            self.writer.line(code, self.writer.site(atom.position, (atom.operand,), day_of))
            if opening:
                self.writer.line(opening)
        self.writer.line(CAUGHT.format(""))
        match formula.tree:
            case Call(name="DATEVALUE", arguments=(Path() as path,)):
                self.day_path = path.steps  # a date field of the same path is this very date: read once

    def _field(self, emitter: Emitter, index: int, rule: FieldRule, prefix: str) -> None:
        self.writer.field, self.writer.rule, self.writer.severity = rule.name, "", "error"
        self.writer.masked = not prefix and self.derived.has(rule.name) and not self._tells_of_itself(rule.name)
        loaded, name = dict(emitter.loaded), f"r{index}"
        kind = RESULT_KINDS.get(rule.kind, "") if rule.kind else ""
        with self.writer.attempt():
            tree = rule.formula.tree
            if rule.kind == Kind.DATE and not prefix and isinstance(tree, Path) and tree.steps == self.day_path:
                self.writer.line(f"{name} = day")
            else:
                atom = emitter.emit(rule.formula.tree)
                self._store(index, rule, atom)
                kind = kind if kind and atom.kind == kind else f"{kind}?" if kind else ""
        self.writer.line(CAUGHT.format(prefix))
        emitter.loaded = loaded
        self.scope.kinds[name] = kind
        tree = rule.formula.tree
        if rule.kind == Kind.TEXT and rule.lines is None and isinstance(tree, Path):
            # Whatever becomes of others, a whole number has its text now.
            for (_, steps), variable in loaded.items():
                if steps == tree.steps:
                    emitter.texts.setdefault(variable, name)
        _remember(self.scope, rule, name)

    def _store(self, index: int, rule: FieldRule, atom: Atom) -> None:
        name = f"r{index}"
        if rule.lines is not None:
            code = f"{name} = build_lines(line{index}, {atom.code}, {rule.name!r}, rec, day, problems, hits)"
            self.writer.line(code, self.writer.site(atom.position, (atom.operand,), CONVERTERS[Kind.LINES]))
            return
        converter = CONVERTERS[rule.kind]
        careful = f"{converter.__name__}({atom.code})"
        site = self.writer.site(atom.position, (atom.operand,), converter)
        if rule.kind == Kind.DATETIME:
            # Most vendors send ISO texts with a zone: those are read without a call of ours.
            with self.writer.block(f"if {atom.code}.__class__ is str and len({atom.code}) > 18:"):
                self.writer.line(f"{name} = datetime_from_iso({atom.code}.strip())", site)
                self.writer.line(f"if {name}.tzinfo is None: {name} = {careful}", site)
            self.writer.line(f"else: {name} = {careful}", site)
            return
        self.writer.line(f"{name} = {converted(atom, rule.kind, careful)}", site)

    def _rule(self, emitter: Emitter, rule: Rule) -> None:
        body = self.writer
        body.field, body.rule, body.severity = rule.field or rule.name, rule.name, rule.severity
        body.masked = self.derived.is_read(rule.check, in_rule=True) and not self._tells_of_itself(body.field)
        loaded = dict(emitter.loaded)
        names = {".".join(map(str, steps)): code for steps, code in self.scope.results.items()}
        names = {name: code for name, code in names.items() if name == rule.field or f"{{{name}}}" in rule.message}
        shown = ", ".join(f"{name!r}: {code}" for name, code in names.items())
        covered = body.named(frozenset(name for name in names if self.derived.has(name)))
        with body.attempt():
            condition = emitter.condition(rule.check.tree)
            body.line(f"if not {condition}: breach(problems, {body.named(rule)}, {{{shown}}}, {covered})")
        body.line(CAUGHT.format(""))
        emitter.loaded = loaded

    def _tells_of_itself(self, field: str) -> bool:
        """Return whether a failing field is one of the hub's that is masked: who may not see it is told no words."""
        known = self.content.target.by_name.get(field) if self.content.target else None
        return known is not None and known.mask is not Mask.NONE

    def _result(self, fields: tuple[FieldRule, ...]) -> None:
        places = {rule.to: f"r{index}" for index, rule in enumerate(fields)}
        omitted = {rule.to for rule in fields if rule.omit_blank}
        flat = all(len(to) == 1 for to in places) and not omitted
        plan = self.writer.named({to[0]: code for to, code in places.items()} if flat else (places, omitted))
        partial = "partly" if flat else "partial"
        if omitted:
            self.writer.line(f"values = {partial}({plan}, locals())")
            return
        self.writer.line(f"try: values = {_literal(places)}")
        self.writer.line(f"except NameError: values = {partial}({plan}, locals())")


def _remember(scope: Scope, rule: FieldRule, variable: str) -> None:
    if all(isinstance(step, str) for step in rule.to):
        scope.results[tuple(map(str, rule.to))] = variable


def _literal(places: dict[tuple[str | int, ...], str]) -> str:
    """Return the Python literal of the result: dictionaries and lists with the fields' variables in their places."""
    if () in places:
        return places[()]
    heads = list(dict.fromkeys(steps[0] for steps in places))
    parts = {head: _literal({to[1:]: code for to, code in places.items() if to[0] == head}) for head in heads}
    if all(isinstance(head, int) for head in heads):
        return "[" + ", ".join(parts.get(index, "None") for index in range(max(map(int, heads)) + 1)) + "]"
    return "{" + ", ".join(f"{head!r}: {code}" for head, code in parts.items()) + "}"
