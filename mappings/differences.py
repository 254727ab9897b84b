"""What one content of a mapping changes in another, in sentences that finance and controllers can judge."""

from collections.abc import Mapping as Dict
from dataclasses import dataclass
from typing import Any

from mappings.field_table import FieldRow, FieldTable, RuleRow, table_of

MODES = {
    "overwrite": "written every time",
    "if_new": "written only where the record is new",
    "if_empty": "written only where nothing stands there yet",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One change: what it is about, and what changes."""

    about: str  # "Rate"
    words: str  # "was copied from ‘rate’, now looked up in ‘Rates by role’ by role"

    def __str__(self) -> str:
        return f"{self.about}: {self.words}."


def differences(
    old: dict[str, Any] | None, new: dict[str, Any], *, titles: Dict[str, str] | None = None
) -> list[Difference]:
    """Return what `new` changes in `old` (None: there was nothing). `titles` gives lookup tables' names for people."""
    if old is None:
        return [Difference("The mapping", "new, so there is nothing to compare it with")]
    before, after = table_of(old), table_of(new)
    told = titles or {}
    return [*_heads(before, after), *_fields(before, after, told), *_rules(before.rules, after.rules)]


def origin(row: FieldRow, titles: Dict[str, str] | None = None) -> str:
    """Return where a field comes from: "looked up in ‘Rates by role’ by role and currency"."""
    if row.kind == "constant":
        return "always blank" if row.constant == "blank" else f"always ‘{row.source}’"
    if row.kind == "copy":
        return f"copied from ‘{row.source}’"
    if row.kind == "lines":
        return f"one line for each of ‘{row.source}’"
    if row.kind == "formula":
        return f"worked out as ‘{row.source}’"
    keys = " and ".join([", ".join(row.keys[:-1]), row.keys[-1]] if len(row.keys) > 1 else row.keys)
    if row.kind == "reference":
        at = f" at ‘{row.connection}’" if row.connection else ""
        words = f"the cross-reference of {row.table.replace('_', ' ')} ‘{keys}’{at}"
    else:
        words = f"looked up in {_table(row, titles)}"
        words += f" by {keys}" if keys else ""
    words += f" on the day ‘{row.on}’" if row.on else ""
    words += f", else ‘{row.default}’" if row.default else ""
    return f"{words}, where {row.when}" if row.when else words


def _table(row: FieldRow, titles: Dict[str, str] | None) -> str:
    """Return what people call a table and its column; two tables may be called the same."""
    name, _, column = row.table.partition(".")
    return f"‘{(titles or {}).get(name, name)}’" + (f" ({column.replace('_', ' ')})" if column else "")


def label(to: str) -> str:
    """Return a target field as people read it: ours in words, a vendor's as it is written there."""
    return to.replace("_", " ").capitalize() if to.isidentifier() and to.islower() else to


def _heads(before: FieldTable, after: FieldTable) -> list[Difference]:
    found = []
    for about, old, new in (
        ("Name", before.name, after.name),
        ("Meaning", before.meaning, after.meaning),
        ("Day that tables are read for", before.on, after.on),
        ("Source", _side(before.source), _side(after.source)),
        ("Target", _side(before.target), _side(after.target)),
    ):
        if old != new:
            found.append(Difference(about, f"was {_said(old)}, now {_said(new)}"))
    return found


def _fields(before: FieldTable, after: FieldTable, titles: Dict[str, str]) -> list[Difference]:
    old, new = _by_name(before), _by_name(after)
    found = []
    for name, row in new.items():
        if name not in old:
            found.append(Difference(_about(name), f"new, {origin(row, titles)}{_beside(row)}"))
        elif words := _changed(old[name], row, titles):
            found.append(Difference(_about(name), words))
    for name, row in old.items():
        if name not in new:
            found.append(Difference(_about(name), f"no longer filled; it was {origin(row, titles)}"))
    if [name for name in old if name in new] != [name for name in new if name in old]:
        found.append(Difference("Order", "the fields stand in another order"))
    return found


def _by_name(table: FieldTable) -> dict[tuple[str, str], FieldRow]:
    """Return the rows by the lines that they are inside of, and their target."""
    found, lines = {}, ""
    for row in table.fields:
        lines = lines if row.inside else ""
        found[lines, row.to] = row
        lines = row.to if row.kind == "lines" else lines
    return found


def _about(name: tuple[str, str]) -> str:
    lines, to = name
    return f"{label(lines)}, {label(to)}" if lines else label(to)


def _changed(old: FieldRow, new: FieldRow, titles: Dict[str, str]) -> str:
    said = []
    if (was := origin(old, titles)) != (now := origin(new, titles)):
        said.append(f"was {was}, now {now}")
    elif (old.constant, old.source) != (new.constant, new.source) and new.kind == "constant":
        said.append(f"‘{new.source}’ was a {old.constant}, now a {new.constant}")
    if old.table != new.table and _table(old, titles) == _table(new, titles):
        said.append(f"the table was ‘{old.table}’, now ‘{new.table}’, which is called the same")
    if old.mode != new.mode:
        said.append(f"was {MODES.get(old.mode, old.mode)}, now {MODES.get(new.mode, new.mode)}")
    if old.as_kind != new.as_kind:
        said.append(f"was written as {old.as_kind or 'it is'}, now as {new.as_kind or 'it is'}")
    if old.if_blank != new.if_blank:
        said.append("left out where blank" if new.if_blank == "omit" else "sent also where blank")
    if old.meaning != new.meaning:
        said.append(f"meaning was {_said(old.meaning)}, now {_said(new.meaning)}")
    return "; ".join(said)


def _beside(row: FieldRow) -> str:
    """Return what else a new row says that is not as usual: how it is written, and when."""
    said = [
        MODES.get(row.mode, row.mode) if row.mode != "overwrite" else "",
        f"written as {row.as_kind}" if row.as_kind else "",
        "left out where blank" if row.if_blank == "omit" else "",
        f"meaning {_said(row.meaning)}" if row.meaning else "",
    ]
    return "".join(f"; {each}" for each in said if each)


def _rules(before: tuple[RuleRow, ...], after: tuple[RuleRow, ...]) -> list[Difference]:
    old, new = ({rule.name: rule for rule in rules} for rules in (before, after))
    found = []
    for name, rule in new.items():
        about = f"Rule ‘{name}’"
        if name not in old:
            found.append(Difference(about, _rule_told(rule)))
        elif words := _rule_changed(old[name], rule):
            found.append(Difference(about, words))
    found += [Difference(f"Rule ‘{name}’", "removed") for name in old if name not in new]
    if [name for name in old if name in new] != [name for name in new if name in old]:
        found.append(Difference("Order", "the rules stand in another order"))
    return found


def _rule_told(rule: RuleRow) -> str:
    """Return all that a new rule says."""
    does = "stops the record" if rule.severity == "error" else "warns"
    said = [f"new: ‘{rule.check}’ must hold, else it {does}"]
    said += [f"message {_said(rule.message)}"] if rule.message else []
    said += [f"field to correct {_said(rule.field)}"] if rule.field else []
    said += [f"kind of failure {_said(rule.category.replace('_', ' '))}"] if rule.category != "validation" else []
    said += ["may be waived"] if rule.waivable else []
    said += [f"meaning {_said(rule.meaning)}"] if rule.meaning else []
    return "; ".join(said)


def _rule_changed(old: RuleRow, new: RuleRow) -> str:
    said = []
    for what, was, now in (
        ("condition", old.check, new.check),
        ("message", old.message, new.message),
        ("field to correct", old.field, new.field),
        ("meaning", old.meaning, new.meaning),
        ("kind of failure", old.category.replace("_", " "), new.category.replace("_", " ")),
    ):
        if was != now:
            said.append(f"{what} was {_said(was)}, now {_said(now)}")
    if old.severity != new.severity:
        said.append("stops the record now, only warned before" if new.severity == "error" else "only warns now")
    if old.waivable != new.waivable:
        said.append("may be waived now" if new.waivable else "may not be waived any more")
    return "; ".join(said)


def _side(side: dict[str, Any]) -> str:
    return str(side.get("entity") or f"{side.get('system', '')} {side.get('stream', '')}".strip())


def _said(text: str) -> str:
    return f"‘{text}’" if text else "nothing"
