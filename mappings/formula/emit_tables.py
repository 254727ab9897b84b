"""Write LOOKUP and XREF: a plain dictionary get on the batch's snapshot; only what is not there yet calls out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mappings.formula import values
from mappings.formula.arguments import day_of
from mappings.formula.atom import Atom, as_text
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
    """The sources of one compiled mapping, in the order of first use; generated code knows them by their numbers.

    Lookups of one day share one dictionary of dictionaries: `days(day)` gives the `get` of each lookup source on that
    day, so that the day is hashed once a record. Cross-references have no day: `g3` is the `get` of source 3.
    """

    def __init__(self) -> None:
        self.sources: list[Source] = []

    def index(self, source: Source) -> int:
        """Return a source's number."""
        if source not in self.sources:
            self.sources.append(source)
        return self.sources.index(source)

    def emit(self, emitter: "Emitter", node: Call) -> Atom:
        """Write one LOOKUP or XREF."""
        first = node.arguments[0]
        assert isinstance(first, Constant)
        assert isinstance(first.value, str)
        return (
            self._lookup(emitter, node, first.value)
            if node.name == "LOOKUP"
            else self._xref(emitter, node, first.value)
        )

    def collect(self, node: Call) -> None:
        """Give a LOOKUP or XREF its number, so that the head of the function can be written before its body."""
        first, third = node.arguments[0], node.arguments[2] if len(node.arguments) > 2 else None
        written = str(getattr(first, "value", ""))
        if node.name == "LOOKUP":
            name, _, column = written.partition(".")
            self.index(Source("lookup", name, column))
        else:
            self.index(Source("xref", written, str(third.value) if isinstance(third, Constant) else ""))

    def opening(self) -> str:
        """Return the statement that gets the lookups of the record's day; "" where there are none."""
        lookups = [source.kind == "lookup" for source in self.sources]
        names = ", ".join(f"t{number}" if lookup else "_" for number, lookup in enumerate(lookups))
        return f"{names}, = days(day) or opened(day)" if any(lookups) else ""

    def parameters(self) -> str:
        """Return the parameters of `bind`: what `BatchSnapshot.bound` gives."""
        names = ["days", "opened"]
        for number, source in enumerate(self.sources):
            names += [f"f{number}"] if source.kind == "lookup" else [f"f{number}", f"t{number}"]
        return ", ".join(names)

    def _lookup(self, emitter: "Emitter", node: Call, table: str) -> Atom:
        name, _, column = table.partition(".")
        number = self.index(Source("lookup", name, column))
        parts = [self._key(emitter, key, may_be_blank="default" in node.named) for key in node.arguments[1:]]
        key = parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
        if "on" not in node.named:
            return self._found(emitter, node, number, f"t{number}({key})", f"{key}, day")
        atom = emitter.emit(node.named["on"])
        day, writer = emitter.writer.fresh(), emitter.writer
        code = f"{day} = {atom.code} if {atom.code}.__class__ is date else day_of({atom.code})"
        writer.line(code, writer.site(atom.position, (atom.operand,), day_of))
        get = f"(days({day}) or opened({day}))[{number}]({key})"
        return self._found(emitter, node, number, get, f"{key}, {day}")

    def _xref(self, emitter: "Emitter", node: Call, entity: str) -> Atom:
        third = node.arguments[2] if len(node.arguments) > 2 else None
        connection = str(third.value) if isinstance(third, Constant) else ""
        number = self.index(Source("xref", entity, connection))
        key = self._key(emitter, node.arguments[1], may_be_blank="default" in node.named)
        return self._found(emitter, node, number, f"t{number}({key})", f"{key}, None")

    def _key(self, emitter: "Emitter", node: Node, *, may_be_blank: bool) -> str:
        """Write a key as text. A blank one is a problem, or "", which no table has, where a default stands for it."""
        atom = emitter.emit(node)
        if atom.kind == "text":
            return atom.code
        name, writer = emitter.writer.fresh(), emitter.writer
        blank = f'"" if {atom.code} is None else ' if may_be_blank else ""
        code = f"{name} = {as_text(atom, emitter.texts.get(atom.code))} else {blank}key_text({atom.code})"
        writer.line(code, writer.site(atom.position, (atom.operand,), values.key_text))
        return name

    def _found(self, emitter: "Emitter", node: Call, number: int, get: str, arguments: str) -> Atom:
        writer = emitter.writer
        hit = writer.fresh()
        writer.line(f"{hit} = {get}")
        default: Any = node.named.get("default")
        site = writer.site(node.position)
        if default is None:
            writer.line(f"if {hit} is None: {hit} = f{number}({arguments})", site)
            return self._value(emitter, node, hit)
        result = writer.fresh()
        writer.line(f"if {hit} is None: {hit} = f{number}({arguments}, True)", site)
        with writer.block(f"if {hit} is None:"):
            atom = emitter.in_branch(lambda: emitter.emit(default))
            writer.line(f"{result} = {atom.code}")
        with writer.block("else:"):
            found = self._value(emitter, node, hit)
            writer.line(f"{result} = {found.code}")
        return Atom(result, "", node.position)

    def _value(self, emitter: "Emitter", node: Call, hit: str) -> Atom:
        if node.name == "XREF":
            return Atom(hit, "text", node.position)
        value, row = emitter.writer.fresh(), emitter.writer.fresh()
        emitter.writer.line(f"{value}, {row} = {hit}")
        emitter.writer.line(f"hits.append({row})")
        return Atom(value, "", node.position, sized=True, finite=True)
