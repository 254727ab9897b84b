"""Which trials would tell what somebody may not see: those of a value that a rule in force compares with it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from canonical.entity import Mask
from exceptions_queue.stopped import Stopped
from governance.actor import By
from governance.models import Version
from mappings import compared
from mappings.drafting import compiled
from mappings.models.mapping import KIND
from routes.chosen_configuration import ONCE_IN_FORCE
from routes.dry_run import Configuration, Foreseen

MOST_NAMED = 4
OF_A_VALUE = (
    "What would become of it with this is not told before it is kept: {} looks at something you may not see, and would "
    "tell it. Keep the correction to see whether it goes on."
)
OF_A_DRAFT = (
    "This draft changes what {} looks at together with something you may not see. What it would make of real records "
    "would tell that, so somebody who may see it has to try it."
)


class Watched:
    """Looks once for each mapping, company and set of fields, however many members are tried."""

    def __init__(self, configuration: Configuration, corrections: Mapping[str, Mapping[str, Any]], by: By) -> None:
        self._corrections, self._by = corrections, by
        self._draft = configuration if isinstance(configuration, Version) else None
        if self._draft is not None and self._draft.state in ONCE_IN_FORCE:
            self._draft = None
        self._changed: frozenset[str] | None = None
        self._known: dict[Any, list[str]] = {}

    def untold(self, failure: Stopped, found: Sequence[Foreseen], masks: Mapping[int, frozenset[Mask]]) -> str:
        """Return why nothing is told of what would become of a member; "" where it may be. No query for most."""
        if self._draft is None and not self._corrections:
            return ""
        parts: list[str] = []
        words = OF_A_VALUE
        for seen in found:
            if seen.made is None or seen.misfit:
                continue
            own = masks[seen.legal_entity] & masks[failure.legal_entity_id]
            if self._draft is not None and (seen.content.get("normalise") or {}).get("name") == self._draft.object_key:
                words = OF_A_DRAFT
                parts += self._comparing(seen, self._fields_of_draft(), own, with_inward=False)
            parts += self._comparing(seen, frozenset(self._corrections.get(seen.key, ())), own)
        return words.format(", ".join(dict.fromkeys(parts[:MOST_NAMED]))) if parts else ""

    def _fields_of_draft(self) -> frozenset[str]:
        assert self._draft is not None
        if self._changed is None:
            before = Version.objects.of(KIND, self._draft.object_key).in_force().first()
            self._changed = compared.changed_fields(compiled(self._draft), compiled(before) if before else None)
        return self._changed

    def _comparing(
        self, seen: Foreseen, chosen: frozenset[str], masks: frozenset[Mask], *, with_inward: bool = True
    ) -> list[str]:
        assert seen.made is not None
        key = (id(seen.made), seen.legal_entity, chosen, masks, with_inward)
        if key not in self._known:
            ends = seen.made.destinations
            side = ((seen.content.get("normalise") or {}).get("content") or {}).get("from", {})
            self._known[key] = compared.comparing(
                seen.made.normalise if with_inward else None, side, [each.translate for each in ends], _formulas(ends),
                seen.made.entity, chosen=chosen, by=self._by, legal_entity=seen.legal_entity, masks=masks,
            )  # fmt: skip
        return self._known[key]


def _formulas(ends: Iterable[Any]) -> list[tuple[str, Any]]:
    """Return what decides where a record goes and who agrees, each with what it is called."""
    found = []
    for each in ends:
        found += [
            (f"the condition of “{each.name}”", each.condition),
            (f"the approval of “{each.name}”", each.approval),
        ]
    return [(words, formula) for words, formula in found if formula is not None]
