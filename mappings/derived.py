"""Which fields of a mapping's result are made of what a mask hides from some, whatever they are called there.

A target has names of its own: what is `cost_rate` in the hub may be `CostPerHour` there, or a part of `Margin`. Words
that everybody reads quote neither.
"""

from collections.abc import Iterator

from canonical.entities import ENTITIES
from canonical.entity import Entity, Kind, Mask
from canonical.masking import COVERED
from mappings.content import Content, FieldRule, Formula
from mappings.formula.tree import Call, Constant, Path, walk

RESULT, SOURCE = "result", "source"
Steps = tuple[str, ...]


class Derived:
    """What of one mapping holds something masked."""

    def __init__(self, content: Content) -> None:
        self._entity = content.source
        self._copied = frozenset(_copied(content)) if content.source is None else frozenset()
        self._names: set[str] = {rule.name for rule in content.fields if _is_named_so(content.target, rule.name)}
        known = -1
        while known < len(self._names):  # a field of the result may be made of another one
            known = len(self._names)
            self._names |= {rule.name for rule in content.fields if self._is_made_of_it(rule)}

    def has(self, name: str) -> bool:
        """Return whether a field of the result, with what stands within it, holds something masked."""
        return any(name == each or name.startswith((f"{each}.", f"{each}[")) or each.startswith(f"{name}.")
                   for each in self._names)  # fmt: skip

    def is_read(self, formula: Formula, *, in_rule: bool = False) -> bool:
        """Return whether a formula reads something masked."""
        for node in walk(formula.tree):
            if isinstance(node, Call) and node.name == "LOOKUP" and node.arguments:
                table = node.arguments[0]
                if isinstance(table, Constant) and str(table.value).rpartition(".")[2] in COVERED:
                    return True
            if isinstance(node, Path) and self._is_masked(node.steps, in_rule=in_rule):
                return True
        return False

    def _is_made_of_it(self, rule: FieldRule) -> bool:
        return self.is_read(rule.formula) or any(map(self._is_made_of_it, rule.lines or ()))

    def _is_masked(self, steps: Steps, *, in_rule: bool) -> bool:
        first, rest = steps[0], steps[1:]
        if first == RESULT or (in_rule and first != SOURCE):
            return self.has(".".join(rest if first == RESULT else steps))
        steps = rest if first == SOURCE else steps
        if self._entity is not None:
            return _leads_to_masked(self._entity, steps)
        return any(steps[: len(each)] == each or each[: len(steps)] == steps for each in self._copied if steps)


def _copied(content: Content) -> Iterator[Steps]:
    """Yield the paths at a vendor's side that are copied as they are to masked fields."""
    for rule in content.fields:
        if isinstance(rule.formula.tree, Path) and _is_named_so(content.target, rule.name):
            steps = rule.formula.tree.steps
            yield steps[1:] if steps[0] == SOURCE and len(steps) > 1 else steps


def _is_named_so(entity: Entity | None, name: str) -> bool:
    """Return whether a field of the result is masked by what it is called."""
    known = entity.by_name.get(name) if entity else None
    return name.rpartition(".")[2] in COVERED or (known is not None and known.mask is not Mask.NONE)


def _leads_to_masked(entity: Entity, steps: Steps) -> bool:
    known = entity.by_name.get(steps[0]) if steps else None
    if known is None:
        return False
    if known.kind is not Kind.LINES:
        return known.mask is not Mask.NONE
    rest = tuple(step for step in steps[1:] if not step.isdigit())
    return known.mask is not Mask.NONE or (bool(rest) and _leads_to_masked(ENTITIES[known.references], rest))
