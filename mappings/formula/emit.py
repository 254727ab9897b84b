"""Write a formula's tree as Python statements, one operation a line.

Decimal arithmetic is written out and guarded by the operands' classes; everything else calls the careful functions of
`values`. What raises is explained afterwards from the line number, so the good case pays nothing for good messages.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from mappings.formula import limits, values
from mappings.formula.atom import Atom, as_text
from mappings.formula.emit_tables import Tables
from mappings.formula.inline import INLINE, MOST_PLACES, places_of
from mappings.formula.scope import Scope
from mappings.formula.tree import Arithmetic, Call, Comparison, Constant, Logic, Node, Path, Sign
from mappings.formula.writer import Operand, Writer
from mappings.functions import FUNCTIONS

NATIVE: dict[str, tuple[str, Callable[..., Any]]] = {
    "+": ("+", values.add),
    "-": ("-", values.subtract),
    "*": ("*", values.multiply),
    "/": ("/", values.divide),
}
KINDS = {
    "Decimal": "number",
    "decimal.Decimal | None": "number?",
    "str": "text",
    "str | None": "text?",
    "bool": "yes/no",
    "date": "date",
    "datetime.date | None": "date?",
}


class Emitter:
    """Writes formulas of one generated function. `loaded` remembers the paths that are in variables already."""

    def __init__(self, writer: Writer, scope: Scope, tables: Tables) -> None:
        self.writer, self.scope, self.tables = writer, scope, tables
        self.loaded: dict[tuple[str, tuple[str, ...]], str] = {}
        self.texts: dict[str, str] = {}  # variable read at the top → field that holds its text, if it is a whole number

    def emit(self, node: Node) -> Atom:
        """Write the statements that compute a node, and return where its value is."""
        match node:
            case Constant():
                return self._constant(node)
            case Path():
                return self._path(node)
            case Sign():
                return self._sign(node)
            case Arithmetic(operator="&"):
                return self._joined(node)
            case Arithmetic():
                return self._arithmetic(node)
            case Comparison():
                return self._comparison(node)
            case Logic():
                return self._logic(node)
            case Call():
                return self._call(node)

    def condition(self, node: Node) -> str:
        """Write a condition and return the variable that holds TRUE or FALSE."""
        atom = self.emit(node)
        if atom.kind == "yes/no":
            return atom.code
        name = self.writer.fresh()
        if atom.kind == "yes/no?":
            self.writer.line(f"{name} = {atom.code} is True")
            return name
        code = f"{name} = {atom.code} if {atom.code}.__class__ is bool else truth({atom.code})"
        self.writer.line(code, self.writer.site(atom.position, (atom.operand,), values.truth))
        return name

    def assign(self, code: str, node: Node, operands: tuple[Atom, ...], again: Any, kind: str = "") -> Atom:
        """Write one operation on operands and return its result."""
        name = self.writer.fresh()
        site = self.writer.site(node.position, tuple(atom.operand for atom in operands), again)
        self.writer.line(f"{name} = {code}", site)
        return Atom(name, kind, node.position)

    def _constant(self, node: Constant) -> Atom:
        kind = {Decimal: "number", str: "text", bool: "yes/no"}.get(type(node.value), "")
        exponent = node.value.as_tuple().exponent if isinstance(node.value, Decimal) else 0
        stepped = isinstance(exponent, int) and exponent >= -MOST_PLACES
        return Atom(self.writer.constant(node.value), kind, node.position, finite=True, stepped=stepped)

    def _path(self, node: Path) -> Atom:
        origin, variable, steps = self.scope.split(node.steps)
        kind = self.scope.kinds.get(variable, "") if not steps else ""
        finite = origin == "result" and kind.startswith("number")  # looked at when the field was filled
        return Atom(self.load(origin, variable, steps, node), kind, node.position, str(node), finite=finite)

    def load(self, origin: str, variable: str, steps: tuple[str, ...], node: Path) -> str:
        """Write the reading of a path, unless it is in a variable already, and return the variable."""
        if not steps:
            return variable
        if (variable, steps) in self.loaded:
            return self.loaded[variable, steps]
        before = self.load(origin, variable, steps[:-1], node)
        step, name = repr(steps[-1]), self.writer.fresh()
        if origin == "record" and len(steps) == 1:
            self.writer.line(f"{name} = {before}.get({step})")
        else:
            last = steps[-1]
            code = f"{name} = {before}.get({step}) if {before}.__class__ is dict else field_of({before}, {step})"
            site = self.writer.site(
                node.position, (Operand(before, node.position),), lambda value: values.field_of(value, last)
            )
            self.writer.line(code, site)
        self.loaded[variable, steps] = name
        return name

    def _sign(self, node: Sign) -> Atom:
        atom = self.emit(node.operand)
        if node.operator == "+":
            return self.assign(f"number({atom.code})", node, (atom,), values.number, "number")
        code = _guarded(f"-{atom.code}", f"negative({atom.code})", atom)
        return self.assign(code, node, (atom,), values.negative, "number")

    def _arithmetic(self, node: Arithmetic) -> Atom:
        left, right = self.emit(node.left), self.emit(node.right)
        if node.operator == "^":
            return self.assign(f"power({left.code}, {right.code})", node, (left, right), values.power, "number")
        sign, again = NATIVE[node.operator]
        native, careful = f"{left.code} {sign} {right.code}", f"{again.__name__}({left.code}, {right.code})"
        code = _guarded(native, careful, left, right, also=right.code if node.operator == "/" else "")
        # Dates take + and -, so only the other two, or two certain numbers, surely give a number.
        certain = node.operator in "*/" or left.kind == right.kind == "number"
        atom = self.assign(code, node, (left, right), again, "number" if certain else "")
        return replace(atom, finite=left.finite and right.finite)

    def _joined(self, node: Arithmetic) -> Atom:
        parts = [self._as_text(self.emit(part)) for part in _chain(node)]
        body = "".join(f"{{{atom.code}}}" for atom in parts)
        name = self.writer.fresh()
        two = f"{parts[0].code} + {parts[1].code}"  # quicker than an f-string of two
        self.writer.line(f"{name} = {two}" if len(parts) == 2 else f'{name} = f"{body}"')
        site = self.writer.site(node.position, (Operand(name, node.position),), values.bounded)
        self.writer.line(f"if len({name}) > {limits.MAX_TEXT}: bounded({name})", site)
        return Atom(name, "text", node.position)

    def _as_text(self, atom: Atom) -> Atom:
        if atom.kind == "text":
            return atom
        name = self.writer.fresh()
        code = f"{name} = {as_text(atom, self.texts.get(atom.code))} else text({atom.code})"
        self.writer.line(code, self.writer.site(atom.position, (atom.operand,), values.text))
        return Atom(name, "text", atom.position)

    def _comparison(self, node: Comparison) -> Atom:
        if length := self._length(node):
            return length
        left, right = self.emit(node.left), self.emit(node.right)
        a, b = left.code, right.code
        if node.operator in ("=", "<>"):
            sign = "==" if node.operator == "=" else "!="
            code = f"{a} {sign} {b}"
            if not (left.kind or right.kind):  # both may be times, which Python compares by the clocks on the wall
                code = f"same({a}, {b})" if sign == "==" else f"not same({a}, {b})"
            return self.assign(code, node, (left, right), None, "yes/no")
        native, careful = f"{a} {node.operator} {b}", f"compared({node.operator!r}, {a}, {b})"
        if "number" in (left.kind, right.kind) or left.kind == right.kind == "number?":
            code = _guarded(native, careful, left, right)
        else:
            code = f"{native} if {a}.__class__ is {b}.__class__ and {a}.__class__ in ORDERED else {careful}"
        operator = node.operator
        return self.assign(code, node, (left, right), lambda one, two: values.compared(operator, one, two), "yes/no")

    def _length(self, node: Comparison) -> Atom | None:
        """Write LEN(x) compared with a whole number by Python's own len: no Decimal is made for it."""
        match node:
            case Comparison(left=Call(name="LEN", arguments=(argument,)), right=Constant(value=Decimal() as limit)):
                if limit != limit.to_integral_value():
                    return None
            case _:
                return None
        atom = self.emit(argument)
        operator = {"=": "==", "<>": "!="}.get(node.operator, node.operator)
        native = f"len({atom.code}) {operator} {int(limit)}"
        careful = f"LEN({atom.code}) {operator} {int(limit)}"
        test = atom.unless("text", "str")
        code = f"{native} if {test} else {careful}" if test else native
        return self.assign(code, node, (atom,), FUNCTIONS["LEN"].call, "yes/no")

    def _logic(self, node: Logic) -> Atom:
        result = self.writer.fresh()
        if node.operator == "NOT":
            self.writer.line(f"{result} = not {self.condition(node.operands[0])}")
            return Atom(result, "yes/no", node.position)
        first = self.condition(node.operands[0])
        if first.startswith("v"):
            result = first  # a variable of this very operation, free to be used further
        else:
            self.writer.line(f"{result} = {first}")
        self._rest(node, 1, result, f"if {result}:" if node.operator == "AND" else f"if not {result}:")
        return Atom(result, "yes/no", node.position)

    def _rest(self, node: Logic, index: int, result: str, head: str) -> None:
        """Write the operands after the first ones level by level, each only reached when it still matters."""
        if index == len(node.operands):
            return
        with self.writer.block(head):
            self.in_branch(lambda: self.writer.line(f"{result} = {self.condition(node.operands[index])}"))
        self._rest(node, index + 1, result, head)

    def _call(self, node: Call) -> Atom:
        match node.name:
            case "IF":
                return self._if(node)
            case "COALESCE":
                return self._coalesce(node)
            case "LOOKUP" | "XREF":
                return self.tables.emit(self, node)
        arguments = tuple(self.emit(each) for each in node.arguments)
        function = FUNCTIONS[node.name]
        kind = KINDS.get(function.returns, "")
        careful = f"{node.name}({', '.join(atom.code for atom in arguments)})"
        code = INLINE[node.name](careful, node, *arguments, self.writer) if node.name in INLINE else careful
        if node.name == "ROUND" and arguments[0].kind == "number":
            kind = "number"
        atom = self.assign(code, node, arguments, function.call, kind)
        if node.name == "ROUND":
            return replace(atom, finite=arguments[0].finite, stepped=places_of(node) is not None)
        return atom

    def _if(self, node: Call) -> Atom:
        condition = self.condition(node.arguments[0])
        otherwise = node.arguments[2] if len(node.arguments) > 2 else Constant(None, node.position)
        result = self.writer.fresh()
        branches = []
        for head, branch in ((f"if {condition}:", node.arguments[1]), ("else:", otherwise)):
            with self.writer.block(head):
                atom = self.in_branch(lambda branch=branch: self.emit(branch))  # type: ignore[misc]  # bound per turn
                self.writer.line(f"{result} = {atom.code}")
                branches.append(atom)
        kind = branches[0].kind if branches[0].kind == branches[1].kind else ""
        finite, stepped = all(each.finite for each in branches), all(each.stepped for each in branches)
        return Atom(result, kind, node.position, finite=finite, stepped=stepped)

    def _coalesce(self, node: Call) -> Atom:
        result = self.writer.fresh()
        first = self.emit(node.arguments[0])
        self.writer.line(f"{result} = {first.code}")
        kind = ""
        for argument in node.arguments[1:]:
            with self.writer.block(f'if not {result} and ({result} is None or {result} == ""):'):
                atom = self.in_branch(lambda argument=argument: self.emit(argument))  # type: ignore[misc]  # bound per turn
                self.writer.line(f"{result} = {atom.code}")
        last = node.arguments[-1]
        if not (isinstance(last, Constant) and last.value):
            self.writer.line(f'if {result} == "": {result} = None')
        return Atom(result, kind, node.position)

    def in_branch(self, write: Callable[[], Any]) -> Any:
        """Write statements that may be skipped: what they load is not known to be there afterwards."""
        before = dict(self.loaded)
        try:
            return write()
        finally:
            self.loaded = before


def _chain(node: Node) -> list[Node]:
    """Return the parts of a & b & c."""
    if isinstance(node, Arithmetic) and node.operator == "&":
        return [*_chain(node.left), *_chain(node.right)]
    return [node]


def _guarded(native: str, careful: str, *atoms: Atom, also: str = "") -> str:
    checks = [check for atom in atoms if (check := atom.unless("number", "Decimal"))]
    if also:
        checks.append(also)
    return f"{native} if {' and '.join(checks)} else {careful}" if checks else native
