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
from canonical.entity import Kind
from mappings import mapped
from mappings.content import Content, FieldRule, Formula, Rule
from mappings.formula import limits, values
from mappings.formula.arguments import day_of
from mappings.formula.atom import Atom
from mappings.formula.check import check
from mappings.formula.emit import Emitter
from mappings.formula.emit_tables import Source, Tables
from mappings.formula.problems import MappingErrors, SavedProblem
from mappings.formula.scope import Scope
from mappings.formula.tree import Call, Logic, Node, Path, children, walk
from mappings.formula.writer import Writer
from mappings.functions import FUNCTIONS
from mappings.kinds import CONVERTERS
from mappings.outcome import breach, build_lines, partial

RUNTIME: dict[str, Any] = {
    "__builtins__": {"len": len, "str": str, "dict": dict, "bool": bool, "int": int, "locals": locals},
    "Decimal": Decimal,
    "date": date,
    "date_from_iso": date.fromisoformat,
    "datetime_from_iso": datetime.fromisoformat,
    "ORDERED": frozenset({Decimal, str, date}),
    "SAFE": frozenset({str, bool, type(None), date, datetime}),
    "TINY": Decimal("1E-18"),
    "HUGE": limits.LARGEST,
    "CATCHABLE": mapped.CATCHABLE,
    "Mapped": mapped.Mapped,
    "NameError": NameError,
    "explain": mapped.explain,
    "day_of": day_of,
    "breach": breach,
    "partial": partial,
    "build_lines": build_lines,
    **{each.__name__: each for each in CONVERTERS.values()},
    **{name: function.call for name, function in FUNCTIONS.items() if not function.lazy},
    **{
        each.__name__: each
        for each in (
            values.add, values.subtract, values.multiply, values.divide, values.power, values.negative, values.number,
            values.truth, values.text, values.bounded, values.key_text, values.compared, values.field_of,
            values.rounded,
        )
    },
}  # fmt: skip
LINE_ARGUMENTS = "rec, outer, today, problems, misses, hits, prefix"
CAUGHT = "except CATCHABLE as error: explain(error, SITES, problems, misses{})"


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
        known = frozenset(content.source.by_name) if content.source else None
        self.scope = Scope(known=known)

    def fuse(self) -> Fused:
        self._check()
        body = self.writer
        body.lines.append("")  # the head is known only when the body is written: which tables it reads
        body._depth = 1
        for index, rule in enumerate(self.content.fields):
            if rule.lines is not None:
                self._line_function(index, rule.lines)
        with body.block("def run(rec, today):"):
            self._run()
        body.line("return run")
        numbers = range(len(self.tables.sources))
        body.lines[0] = f"def bind({', '.join(f'g{each}, f{each}' for each in numbers)}):"
        text = "\n".join(body.lines) + "\n"
        namespace = {**RUNTIME, **body.names, "SITES": body.sites}
        exec(compile(text, f"<mapping {self.content.name}>", "exec"), namespace)  # noqa: S102  # written by us from a whitelist; no word of a formula gets here
        return Fused(text, tuple(self.tables.sources), namespace["bind"])

    # Judging every formula before one line is written, so that all problems come at once.

    def _check(self) -> None:
        if self.content.on:
            self._check_one(self.content.on, self.scope)
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

    def _check_field(self, rule: Rule, scope: Scope) -> None:
        names = {".".join(map(str, steps)) for steps in scope.results}
        if rule.field and rule.field not in names:
            remedy = f"Use one of: {', '.join(sorted(names))}."
            path = rule.check.path.replace(".check", ".field")
            self.problems.append(SavedProblem(f"{rule.field} is not a field of the result.", remedy, path=path))

    # Writing.

    def _run(self) -> None:
        body = self.writer
        body.line("problems, misses, hits = [], [], []")
        emitter = Emitter(body, self.scope, self.tables)
        formulas = [(rule.name, rule.formula) for rule in self.content.fields]
        if self.content.on:
            formulas.insert(0, ("day of the tables", self.content.on))
        self._preload(emitter, formulas, "")
        if self.content.on:
            self._day(emitter, self.content.on)
        for index, rule in enumerate(self.content.fields):
            self._field(emitter, index, rule, "")
        self.scope.results_first = True
        self._preload(emitter, [(rule.name, rule.check) for rule in self.content.rules], "")
        for rule_ in self.content.rules:
            self._rule(emitter, rule_)
        self._result(self.content.fields)
        body.line("return Mapped(values, problems, misses, hits)")

    def _line_function(self, index: int, fields: tuple[FieldRule, ...]) -> None:
        scope, outer = Scope(outer="outer"), self.scope
        with self.writer.block(f"def line{index}({LINE_ARGUMENTS}):"):
            emitter = Emitter(self.writer, scope, self.tables)
            self.scope = scope
            self.tables.day = "today"
            self._preload(emitter, [(rule.name, rule.formula) for rule in fields], ", prefix")
            for number, rule in enumerate(fields):
                self._field(emitter, number, rule, ", prefix")
            self._result(fields)
            self.writer.line("return values")
        self.scope = outer

    def _preload(self, emitter: Emitter, formulas: list[tuple[str, Formula]], prefix: str) -> None:
        """Read the paths that are certainly needed. Each deeper one has its own try: one that cannot be read stops
        the fields that need it, no others."""
        for name, formula in formulas:
            certain = _certain(formula.tree)
            for path in (node for node in walk(formula.tree) if isinstance(node, Path)):
                if path.steps[0] == "result" and len(path.steps) > 1:
                    continue  # in a variable already, or not computed yet
                origin, variable, steps = self.scope.split(path.steps)
                self.writer.field, self.writer.rule, self.writer.severity = name, "", "error"
                for size in range(1, len(steps) + 1):
                    if (
                        origin == "result"
                        or (variable, steps[:size]) in emitter.loaded
                        or (size > 1 and path not in certain)
                    ):
                        continue
                    if size == 1:
                        emitter.load(origin, variable, steps[:1], path)
                        continue
                    with self.writer.block("try:"):
                        emitter.load(origin, variable, steps[:size], path)
                    self.writer.line(CAUGHT.format(prefix))

    def _day(self, emitter: Emitter, formula: Formula) -> None:
        self.writer.field = "day of the tables"
        with self.writer.block("try:"):
            atom = emitter.emit(formula.tree)
            code = f"day = {atom.code} if {atom.code}.__class__ is date else day_of({atom.code})"
            self.writer.line(code, self.writer.site(atom.position, (atom.operand,), day_of))
        self.writer.line(CAUGHT.format(""))
        self.tables.day = "day"

    def _field(self, emitter: Emitter, index: int, rule: FieldRule, prefix: str) -> None:
        self.writer.field, self.writer.rule, self.writer.severity = rule.name, "", "error"
        loaded = dict(emitter.loaded)
        with self.writer.block("try:"):
            atom = emitter.emit(rule.formula.tree)
            if rule.lines is not None:
                code = f"r{index} = build_lines(line{index}, {atom.code}, {rule.name!r}, rec, {self.tables.day}"
                self.writer.line(f"{code}, problems, misses, hits)", self.writer.site(atom.position, (atom.operand,)))
            else:
                self._convert(f"r{index}", atom, rule.kind)
        self.writer.line(CAUGHT.format(prefix))
        emitter.loaded = loaded
        _remember(self.scope, rule, f"r{index}")

    def _convert(self, name: str, atom: Atom, kind: Kind | None) -> None:
        converter = CONVERTERS[kind]
        careful = f"{converter.__name__}({atom.code})"
        site = self.writer.site(atom.position, (atom.operand,), converter)
        if kind == Kind.DATETIME:
            # Most vendors send ISO texts with a zone: those are read without a call of ours.
            with self.writer.block(f"if {atom.code}.__class__ is str and len({atom.code}) > 18:"):
                self.writer.line(f"{name} = datetime_from_iso({atom.code})", site)
                self.writer.line(f"if {name}.tzinfo is None: {name} = {careful}", site)
            self.writer.line(f"else: {name} = {careful}", site)
            return
        self.writer.line(f"{name} = {_converted(atom, kind, careful)}", site)

    def _rule(self, emitter: Emitter, rule: Rule) -> None:
        body = self.writer
        body.field, body.rule, body.severity = rule.field or rule.name, rule.name, rule.severity
        loaded = dict(emitter.loaded)
        names = {".".join(map(str, steps)): code for steps, code in self.scope.results.items()}
        with body.block("try:"):
            condition = emitter.condition(rule.check.tree)
            body.line(f"if not {condition}: breach(problems, {body.named(rule)}, {body.named(names)}, locals())")
        body.line(CAUGHT.format(""))
        emitter.loaded = loaded

    def _result(self, fields: tuple[FieldRule, ...]) -> None:
        places = {rule.to: f"r{index}" for index, rule in enumerate(fields)}
        omitted = {rule.to for rule in fields if rule.omit_blank}
        plan = self.writer.named((places, omitted))
        if omitted:
            self.writer.line(f"values = partial({plan}, locals())")
            return
        self.writer.line(f"try: values = {_literal(places)}")
        self.writer.line(f"except NameError: values = partial({plan}, locals())")


def _remember(scope: Scope, rule: FieldRule, variable: str) -> None:
    if all(isinstance(step, str) for step in rule.to):
        scope.results[tuple(map(str, rule.to))] = variable


def _converted(atom: Atom, kind: Kind | None, careful: str) -> str:
    code = atom.code
    if kind in (Kind.DECIMAL, Kind.MONEY):
        check_class = "" if atom.kind == "number" else f"{code}.__class__ is Decimal and "
        return f"{code} if {check_class}TINY < {code} < HUGE else {careful}"
    if kind == Kind.DATE:
        if atom.kind == "date":
            return code
        iso = f"{code}.__class__ is str and len({code}) == 10 and {code}[4] == {code}[7] == '-'"
        return f"date_from_iso({code}) if {iso} else {code} if {code}.__class__ is date else {careful}"
    if kind == Kind.TEXT:
        return code if atom.kind == "text" else f"{code} if {code}.__class__ is str else {careful}"
    if kind == Kind.BOOLEAN:
        return code if atom.kind == "yes/no" else f"{code} if {code}.__class__ is bool else {careful}"
    return f"{code} if {code}.__class__ in SAFE else {careful}" if kind is None else careful


def _certain(node: Node) -> set[Path]:
    """Return the paths that a formula reads whatever its conditions say."""
    match node:
        case Path():
            return {node}
        case Logic():
            return _certain(node.operands[0])
        case Call(name="IF" | "COALESCE"):
            return _certain(node.arguments[0])
        case Call(name="LOOKUP" | "XREF"):
            needed = [*node.arguments, *(each for name, each in node.named.items() if name != "default")]
            return set().union(*(_certain(each) for each in needed))
    return set().union(*(_certain(each) for each in children(node)))


def _literal(places: dict[tuple[str | int, ...], str]) -> str:
    """Return the Python literal of the result: dictionaries and lists with the fields' variables in their places."""
    if () in places:
        return places[()]
    heads = list(dict.fromkeys(steps[0] for steps in places))
    parts = {head: _literal({to[1:]: code for to, code in places.items() if to[0] == head}) for head in heads}
    if all(isinstance(head, int) for head in heads):
        return "[" + ", ".join(parts.get(index, "None") for index in range(max(map(int, heads)) + 1)) + "]"
    return "{" + ", ".join(f"{head!r}: {code}" for head, code in parts.items()) + "}"
