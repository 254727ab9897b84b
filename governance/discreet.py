"""What of the audit trail somebody may read: persons, pay and accounts are for those who may see them there.

An entry keeps what was changed as it was; it is covered when it is shown. What is told of the hub's own people, who may
do what in it, stays: to look after them is another right.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.dispatch import Signal

from canonical.entity import Mask
from canonical.masking import HIDDEN, SHORTEST, named_for, spoken
from governance.actor import By
from governance.models import AuditEntry
from governance.rights import Right, allowed_masks
from governance.roles import MASK_RIGHTS
from governance.scoping import ALL, entity_ids, grants_read_once

covering = Signal()  # entries=of the audit trail, by=who reads them: names of things that they do not see are covered
keyed = Signal()  # entries=that do not say the key of their thing by column: whoever knows it puts it into `after`
OWN = "governance."  # kinds of things that are the hub's own
TITLED = ("exceptions_queue.workitem",)  # kinds of things whose names are words that may quote a hidden value
KEYED, KEY = ("mappings.tablerow",), "key"  # kinds of things that are called by a key, and where it stands in `after`
NAMED: dict[Mask, frozenset[str]] = {mask: named_for(mask) for mask in Mask if mask is not Mask.NONE}


def covered(entries: Iterable[AuditEntry], by: By) -> list[AuditEntry]:
    """Return entries, to be shown only, as somebody may read them."""
    found = list(entries)
    with grants_read_once():
        masks = {place: allowed_masks(by, place) for place in {each.legal_entity_id for each in found}}
        keyless = [each for each in found if _lacks_key(each)]  # as an earlier release wrote them
        if any(not masks[each.legal_entity_id].issuperset(MASK_RIGHTS) for each in keyless):
            keyed.send(sender=None, entries=keyless)
        for each in found:
            if not each.thing_kind.startswith(OWN):
                _cover(each, masks[each.legal_entity_id])
    return found


def covered_whole(entry: AuditEntry, by: By) -> AuditEntry:
    """Return an entry, to be shown only with all that it says, as somebody may read it."""
    covering.send(sender=None, entries=[entry], by=by)
    return covered([entry], by)[0]


def told_by_name(entries: "QuerySet[AuditEntry]", text: str, by: By) -> "QuerySet[AuditEntry]":
    """Leave out entries that a text has found by words which somebody may not read there: an address, a title."""
    text = text.strip()
    hidden = [mask for mask, right in MASK_RIGHTS.items() if entity_ids(by, right) is not ALL]
    if text and hidden:
        names = sorted(frozenset().union(*(NAMED[mask] for mask in hidden)))
        keys = Q(thing_kind__in=KEYED) & (Q(after__key=None) | Q(after__key__has_any_keys=names))
        words = (Q(thing_kind__in=TITLED) | keys) & Q(thing_name__icontains=text)
        entries = entries.exclude(words & ~Q(actor_name__icontains=text) & ~Q(thing_id=text))
    ids = entity_ids(by, Right.SEE_PERSON)
    if ids is ALL or not text:
        return entries
    own, by_doer = Q(thing_kind__startswith=OWN), Q(actor_name__icontains=text)
    return entries.exclude(Q(thing_name__contains="@") & ~own & ~by_doer & ~Q(legal_entity_id__in=sorted(ids)))


def _cover(entry: AuditEntry, masks: frozenset[Mask]) -> None:
    names = frozenset().union(*(each for mask, each in NAMED.items() if mask not in masks))
    texts: set[str] = set()
    entry.before, entry.after = (_shown(each, names, texts) for each in (entry.before, entry.after))
    entry.before, entry.after = (_said(each, texts, masks) for each in (entry.before, entry.after))
    entry.reason, entry.thing_name = (spoken(each, texts, masks) for each in (entry.reason, entry.thing_name))
    if masks.issuperset(MASK_RIGHTS):
        return
    if entry.thing_kind in TITLED:
        entry.thing_name = f"{entry.thing_id} •••"
    elif _lacks_key(entry):  # its row is gone, too: its name ends with its key
        entry.thing_name = f"{entry.thing_name.partition(': ')[0]}: •••"


def _lacks_key(entry: AuditEntry) -> bool:
    return entry.thing_kind in KEYED and KEY not in (entry.after or {})


def _shown(value: Any, names: frozenset[str], texts: set[str]) -> Any:
    """Return a structure without what stands under these names; texts that stand there are noted."""
    if isinstance(value, list):
        return [_shown(each, names, texts) for each in value]
    if not isinstance(value, dict):
        return value
    shown = {}
    for name, each in value.items():
        hidden = name in names and each not in (None, "") and not isinstance(each, dict)
        if hidden and isinstance(each, str) and len(each) >= SHORTEST:
            texts.add(each)
        shown[name] = HIDDEN if hidden else _shown(each, names, texts)
    return shown


def _said(value: Any, texts: set[str], masks: frozenset[Mask]) -> Any:
    if isinstance(value, dict):
        return {spoken(str(name), texts, masks): _said(each, texts, masks) for name, each in value.items()}
    if isinstance(value, list):
        return [_said(each, texts, masks) for each in value]
    return spoken(value, texts, masks) if isinstance(value, str) else value
