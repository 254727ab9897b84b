"""Write LOOKUP and XREF: a plain dictionary get on the batch's snapshot; only what is not there yet calls out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mappings.formula import values
from mappings.formula.arguments import day_of
from mappings.formula.atom import Atom
from mappings.formula.tree import Call, Constant, Node

if TYPE_CHECKING:
    from mappings.formula.emit import Emitter


@dataclass(frozen=True, slots=True)
class Source:
    """One table and column, or one entity and connection, that a compiled mapping reads."""

    kind: str  # "lookup" or "xref"
    name: str  # table or entity
    column: str  # value column; for xref the slug of another connection; "" where none is named


class Tables:
    """The sources of one compiled mapping, in the order of first use; generated code names them g0/f0, g1/f1, …"""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.day = "today"  # variable of the day on which rows must be valid, unless a LOOKUP names its own

    def index(self, source: Source) -> int:
        """Return a source's number."""
        if source not in self.sources:
            self.sources.append(source)
        return self.sources.index(source)

    def emit(self, emitter: "Emitter", node: Call) -> Atom:
        """Write one LOOKUP or XREF."""
        lookup = node.name == "LOOKUP"
        first = node.arguments[0]
        assert isinstance(first, Constant)
        assert isinstance(first.value, str)
        name, _, column = first.value.partition(".")
        keys = node.arguments[1:]
        if not lookup:
            third = node.arguments[2] if len(node.arguments) > 2 else None
            column = str(third.value) if isinstance(third, Constant) else ""
            name, keys = first.value, node.arguments[1:2]
        number = self.index(Source("lookup" if lookup else "xref", name, column))
        parts = [self._key(emitter, key) for key in keys]
        if lookup:
            parts.append(self._day(emitter, node.named.get("on")))
        return self._found(emitter, node, number, f"({', '.join(parts)},)", lookup)

    def _key(self, emitter: "Emitter", node: Node) -> str:
        atom = emitter.emit(node)
        if atom.kind == "text":
            return atom.code
        name, writer = emitter.writer.fresh(), emitter.writer
        code = f"{name} = {atom.code} if {atom.code}.__class__ is str else key_text({atom.code})"
        writer.line(code, writer.site(atom.position, (atom.operand,), values.key_text))
        return name

    def _day(self, emitter: "Emitter", node: Node | None) -> str:
        if node is None:
            return self.day
        atom = emitter.emit(node)
        name, writer = emitter.writer.fresh(), emitter.writer
        code = f"{name} = {atom.code} if {atom.code}.__class__ is date else day_of({atom.code})"
        writer.line(code, writer.site(atom.position, (atom.operand,), day_of))
        return name

    def _found(self, emitter: "Emitter", node: Call, number: int, key: str, lookup: bool) -> Atom:
        writer = emitter.writer
        hit = writer.fresh()
        writer.line(f"{hit} = g{number}({key})")
        default: Any = node.named.get("default")
        site = writer.site(node.position)
        if default is None:
            writer.line(f"if {hit} is None: {hit} = f{number}({key})", site)
            return self._value(emitter, node, hit, lookup)
        result = writer.fresh()
        writer.line(f"if {hit} is None: {hit} = f{number}({key}, True)", site)
        with writer.block(f"if {hit} is None:"):
            atom = emitter.in_branch(lambda: emitter.emit(default))
            writer.line(f"{result} = {atom.code}")
        with writer.block("else:"):
            found = self._value(emitter, node, hit, lookup)
            writer.line(f"{result} = {found.code}")
        return Atom(result, "", node.position)

    def _value(self, emitter: "Emitter", node: Call, hit: str, lookup: bool) -> Atom:
        if not lookup:
            return Atom(hit, "text", node.position)
        value, row = emitter.writer.fresh(), emitter.writer.fresh()
        emitter.writer.line(f"{value}, {row} = {hit}")
        emitter.writer.line(f"hits.append({row})")
        return Atom(value, "", node.position)
