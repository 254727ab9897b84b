"""Read the paths that a function certainly needs at its top, once each.

The usual record has them all: then plain subscripts read them, a level at a time. A record that lacks one is read
again carefully; a path that cannot be read at all then stops the fields that need it and no others.
"""

from dataclasses import dataclass

from mappings.content import Formula
from mappings.formula import values
from mappings.formula.emit import Emitter
from mappings.formula.scope import Scope
from mappings.formula.tree import Call, Logic, Node, Path, children, walk
from mappings.formula.writer import Operand


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of a path: the variable to fill, the one to read from, and whom to blame."""

    name: str
    before: str
    step: str
    top: bool  # read from the record itself, which is a dictionary for sure
    field: str
    position: int


class Preload:
    """Writes the reading of paths, and tells the emitter which variables hold them."""

    def __init__(self, emitter: Emitter, scope: Scope) -> None:
        self.emitter, self.scope = emitter, scope
        self.groups: dict[str, list[_Step]] = {}  # variable to read from → steps

    def write(self, formulas: list[tuple[str, Formula]], checks: list[tuple[str, Formula]], caught: str) -> None:
        """Write the reading of all paths of formulas and checks; each comes with the field to name when it fails.

        Checks speak of the result, which is in variables of its own; only their `source.` paths are read here.
        """
        for field, formula in (*formulas, *checks):
            certain = certain_paths(formula.tree)
            for path in (node for node in walk(formula.tree) if isinstance(node, Path)):
                if (field, formula) not in checks or path.steps[0] == "source":
                    self._collect(field, path, path in certain)
        for group in self.groups.values():
            self._write_group(group, caught)

    def _collect(self, field: str, path: Path, certain: bool) -> None:
        try:
            origin, variable, steps = self.scope.split(path.steps)
        except LookupError:
            return  # a field of the result: in a variable of its own, or not computed yet
        if origin == "result":
            return
        before = variable
        for size in range(1, len(steps) + 1 if certain else 2):
            loaded = self.emitter.loaded.get((variable, steps[:size]))
            if loaded is None:
                loaded = self.emitter.writer.fresh()
                self.emitter.loaded[variable, steps[:size]] = loaded
                step = _Step(loaded, before, steps[size - 1], size == 1, field, path.position)
                self.groups.setdefault(before, []).append(step)
            before = loaded

    def _write_group(self, group: list[_Step], caught: str) -> None:
        writer = self.emitter.writer
        with writer.block("try:"):
            for each in group:
                writer.line(f"{each.name} = {each.before}[{each.step!r}]")
        # Of a path that has stopped above nothing was read: what lies below it stays silent, as all that needs it does.
        with writer.block("except (KeyError, TypeError, NameError):"):
            for each in group:
                self._write_carefully(each, caught)

    def _write_carefully(self, each: _Step, caught: str) -> None:
        writer = self.emitter.writer
        if each.top:
            writer.line(f"{each.name} = {each.before}.get({each.step!r})")
            return
        writer.field, writer.rule, writer.severity = each.field, "", "error"
        step = each.step
        site = writer.site(
            each.position, (Operand(each.before, each.position),), lambda value: values.field_of(value, step)
        )
        with writer.block("try:"):
            writer.line(f"{each.name} = field_of({each.before}, {step!r})", site)
        writer.line(caught)


def certain_paths(node: Node) -> set[Path]:
    """Return the paths that a formula reads whatever its conditions say."""
    match node:
        case Path():
            return {node}
        case Logic():
            return certain_paths(node.operands[0])
        case Call(name="IF" | "COALESCE"):
            return certain_paths(node.arguments[0])
        case Call(name="LOOKUP" | "XREF"):
            needed = [*node.arguments, *(each for name, each in node.named.items() if name != "default")]
            return set().union(*(certain_paths(each) for each in needed))
    return set().union(*(certain_paths(each) for each in children(node)))
