"""What a draft of a mapping reads that somebody may not see, in another way than what is in force reads it.

A value that is hidden may come out of a draft by many ways: copied to a field that is shown, joined with a text,
reckoned with, compared in a rule, named in a rule's message, or told by the failure of a formula. So it is not asked
what comes out, but what goes in: a part of a draft that reads something hidden, directly or by another field of the
result, has to stand in the version in force exactly as it is, with all that it reads of the result. What is in force
was agreed to by others, and tells nothing that it did not tell before.

At a system's side a path is hidden when its manifest says so, or when it is read for a field that is hidden; where the
manifest does not say what its fields hold, whatever is not read for fields that are shown.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Entity, Kind, Mask
from canonical.masking import may_see
from governance.actor import By
from governance.models import Version
from governance.rights import allowed_masks
from mappings import discreet
from mappings.compiled import CompiledMapping, compile_formula
from mappings.content import FieldRule, Formula, Rule
from mappings.drafting import compiled
from mappings.formula.tree import Call, Constant, Node, Path, walk
from mappings.fuse import OURS
from mappings.models.mapping import KIND
from mappings.sides import stream_of

EVERYTHING = frozenset(Mask) - {Mask.NONE}
RESULT, SOURCE = "result", "source"
Steps = tuple[str, ...]


@dataclass(slots=True)
class Part:
    """A field or a rule of a mapping, or the day that it looks up by."""

    words: str  # "the field “description”"
    shape: Any  # equal parts are worked out alike
    reads: list[Steps] = field(default_factory=list)  # paths at the source
    takes: set[str] = field(default_factory=set)  # fields of the result
    looks_up: set[str] = field(default_factory=set)  # columns of tables, "" for one that is not spelt out


def read_anew(draft: Version, *, by: By, legal_entity: int | None) -> list[str]:
    """Return the parts of a draft that read in a new way what somebody may not see in a company's records, in words.

    At most four queries; none for whoever sees everything there.
    """
    masks = allowed_masks(by, legal_entity)
    if masks >= EVERYTHING:
        return []
    made = compiled(draft)
    in_force = Version.objects.of(KIND, draft.object_key).in_force().first()
    before = compiled(in_force) if in_force is not None else None
    looked_up = [each for each in made.sources if each.kind == "lookup"]
    columns = discreet.hidden_columns(looked_up, legal_entity, by)
    sides = ("from", "to", "on")
    alike = in_force is not None and all(draft.content.get(each) == in_force.content.get(each) for each in sides)
    hidden = hidden_at(draft.content.get("from", {}) if alike else {}, made, before, masks)
    parts = list(parts_of(made))
    named: dict[str, list[Part]] = {}
    for part, name in parts:
        named.setdefault(name, []).append(part)
    old = {part.shape for part, _ in parts_of(before)} if before is not None and alike else set()
    found = []
    for part, _ in parts:
        whole = [part, *taken(part, named)]
        if any(is_hidden(each, hidden, columns) for each in whole) and not all(each.shape in old for each in whole):
            found.append(part.words)
    return found


def reads_hidden(text: str, entity: Entity, *, by: By, legal_entity: int | None) -> bool:
    """Return whether a formula on the hub's own record reads what somebody may not see in a company's records.

    Raises MappingErrors for what is none. At most four queries.
    """
    masks = allowed_masks(by, legal_entity)
    if not text.strip() or masks >= EVERYTHING:
        return False
    made = compile_formula(text, inward=False).mapping
    looked_up = [each for each in made.sources if each.kind == "lookup"]
    columns = discreet.hidden_columns(looked_up, legal_entity, by)
    return any(is_hidden(part, lambda steps: not sees(entity, steps, masks), columns) for part, _ in parts_of(made))


def is_hidden(part: Part, hidden: Any, columns: Collection[str]) -> bool:
    """Return whether a part reads a path that is hidden, or a hidden column of a table."""
    return any(map(hidden, part.reads)) or any(not each or each in columns for each in part.looks_up)


def taken(part: Part, named: dict[str, list[Part]]) -> list[Part]:
    """Return the fields of the result that a part reads, and those that these read."""
    known: dict[str, list[Part]] = {}
    open_ = list(part.takes)
    while open_:
        name = open_.pop()
        if name not in known:
            known[name] = named.get(name, [])
            open_ += [other for each in known[name] for other in each.takes]
    return [each for parts in known.values() for each in parts]


def parts_of(mapping: CompiledMapping) -> Iterator[tuple[Part, str]]:
    """Yield the parts of a mapping, each with the name of the result's field that it fills, "" for none."""
    content = mapping.content
    for rule in content.fields:
        part = Part(f"the field “{rule.name}”", _shape(rule))
        _read(part, rule.formula, (), in_rule=False)
        for inner in rule.lines or ():
            _read(part, inner.formula, _list_of(rule.formula.tree), in_rule=False)
        yield part, str(rule.to[0])
    for check in content.rules:
        part = Part(f"the rule “{check.name}”", _told(check))
        _read(part, check.check, (), in_rule=True)
        part.takes |= {str(rule.to[0]) for rule in content.fields if f"{{{rule.to[0]}" in check.message}
        yield part, ""
    if content.on is not None:
        part = Part("the day on which it looks up", ("on", _tree(content.on)))
        _read(part, content.on, (), in_rule=False)
        yield part, ""


def _read(part: Part, formula: Formula, at: Steps, *, in_rule: bool) -> None:
    for node in walk(formula.tree):
        if isinstance(node, Call) and node.name == "LOOKUP":
            first = node.arguments[0] if node.arguments else None
            part.looks_up.add(str(first.value) if isinstance(first, Constant) else "")
        if not isinstance(node, Path):
            continue
        first_step, rest = node.steps[0], node.steps[1:]
        if first_step == RESULT and rest:
            part.takes.add(rest[0])
        elif first_step == SOURCE and rest:
            part.reads.append(rest)
        elif in_rule:
            part.takes.add(first_step)
        else:
            part.reads.append((*at, *node.steps))


def _list_of(tree: Node) -> Steps:
    """Return the path of the list that lines are made from; () where a formula makes it."""
    if not isinstance(tree, Path):
        return ()
    return tree.steps[1:] if tree.steps[0] == SOURCE and len(tree.steps) > 1 else tree.steps


def hidden_at(
    side: dict[str, Any], made: CompiledMapping, before: CompiledMapping | None, masks: frozenset[Mask]
) -> Any:
    """Return what says of a path at a mapping's source whether it is hidden from whoever sees through these masks."""
    if made.content.source is not None:
        entity = made.content.source
        return lambda steps: not sees(entity, steps, masks)
    shown, kept = _read_for(before, masks) if before is not None else (set(), set())
    stream = stream_of(side)
    declared = {} if stream is None or stream.masks is None else stream.masks
    told = {_plain(path) for path, mask in declared.items() if mask not in masks}
    unsaid = stream is None or stream.masks is None

    def hidden(steps: Steps) -> bool:
        plain = tuple(step for step in steps if not step.isdigit())
        if plain in shown and not any(_touches(plain, each) for each in kept):
            return False
        return unsaid or any(_touches(plain, each) for each in (*told, *kept))

    return hidden


def _read_for(before: CompiledMapping, masks: frozenset[Mask]) -> tuple[set[Steps], set[Steps]]:
    """Return the paths that fields read which are shown, and those that fields read which are not."""
    target, shown, kept = before.content.target, set[Steps](), set[Steps]()
    for part, name in parts_of(before):
        if name:
            visible = target is not None and may_see(target, name, masks)
            (shown if visible else kept).update(part.reads)
    return shown, kept


def sees(entity: Entity, steps: Steps, masks: frozenset[Mask]) -> bool:
    """Return whether whoever sees through these masks sees all that a path of a record leads to."""
    name, rest = steps[0], steps[1:]
    if name == OURS:
        return True  # what the hub itself says of a record, such as its key
    if not may_see(entity, name, masks):
        return False
    known = entity.by_name[name]
    if known.kind is not Kind.LINES:
        return True
    inner = ENTITIES[known.references]
    rest = tuple(step for step in rest if not step.isdigit())
    return sees(inner, rest, masks) if rest else all(may_see(inner, each, masks) for each in inner.by_name)


def _plain(path: str) -> Steps:
    return tuple(each for each in path.replace("[]", "").replace("[", ".").replace("]", "").split(".") if each)


def _touches(path: Steps, other: Steps) -> bool:
    """Return whether one of two paths leads to the other, or both to the same."""
    size = min(len(path), len(other))
    return path[:size] == other[:size]


def _shape(rule: FieldRule) -> Any:
    inner = tuple(map(_shape, rule.lines)) if rule.lines is not None else None
    return ("field", rule.to, _tree(rule.formula), rule.mode, rule.kind, rule.omit_blank, inner)


def _told(rule: Rule) -> Any:
    return ("rule", _tree(rule.check), rule.severity, rule.message, rule.field, rule.waivable, rule.category)


def _tree(formula: Formula) -> Any:
    """Return a formula as it is worked out, wherever its parts stand in the written form."""
    return repr([formula.text, [type(each.value) for each in walk(formula.tree) if isinstance(each, Constant)]])
