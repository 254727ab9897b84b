"""Routes and destinations among a subscription's filters that were deleted since: they stay, and let nothing through.

A filter that lost its last one without anybody's word would let everything through, which nobody has asked for. So
they are shown, sent and written like any other, and only who leaves them out takes them out.
"""

import re
from collections.abc import Collection

from django.db.models import Q

from governance.actor import By
from governance.history import of_things
from governance.models import AuditEntry
from governance.rights import Right
from routes.models import Destination, Route, Subscription

FORM = re.compile(r"gone-([1-9][0-9]{0,18})")
HINT = "One that was deleted lets nothing through. It stays until you take it out."


def among(model: type[Route] | type[Destination], ids: Collection[int]) -> list[int]:
    """Return those of the ids that no row has any more; one query, none where there are no ids."""
    if not ids:
        return []
    return sorted({*ids} - {*model._default_manager.filter(pk__in=ids).values_list("pk", flat=True)})


def in_words(model: type[Route] | type[Destination], ids: Collection[int], by: By) -> dict[int, str]:
    """Return in words those of the ids that no row has any more, with the name that the audit trail has of them.

    No name that somebody may not read there. Two queries at most.
    """
    lost = among(model, ids)
    if not lost:
        return {}
    kind = model._meta.label_lower
    entries = of_things((kind, str(each)) for each in lost) & AuditEntry.objects.visible_to(by)
    names: dict[int, str] = {}
    for identity, name in entries.values_list("thing_id", "thing_name"):  # the newest first
        names.setdefault(int(identity), name)
    one = model._meta.verbose_name
    return {
        each: f"a {one} that was deleted: {names[each]}" if each in names else f"a {one} that was deleted ({each})"
        for each in lost
    }


def written(identity: int) -> str:
    """Return how files and the API write one that was deleted, such as gone-6."""
    return f"gone-{identity}"


def read(text: str, held: Collection[int]) -> int | None:
    """Return which of those that are held and deleted a text means; None where it means none of them."""
    found = FORM.fullmatch(text)
    return int(found[1]) if found and int(found[1]) in held else None


def warning(routes: Collection[int], destinations: Collection[int], by: By) -> str:
    """Return in words which subscriptions name what is about to be deleted; "" where none does. Two queries."""
    naming = Q(routes__overlap=list(routes)) | Q(destinations__overlap=list(destinations))
    all_of_them = set(Subscription.objects.filter(naming).values_list("pk", flat=True))
    if not all_of_them:
        return ""
    seen = Subscription.objects.visible_to(by, Right.EDIT_CONFIGURATION).filter(pk__in=all_of_them)
    names = [f"“{name}”" for name in seen.order_by("name").values_list("name", flat=True)]
    others = len(all_of_them) - len(names)
    told = ", ".join([*names, f"{others} that you may not see"] if others else names)
    return (
        f"Subscriptions name it: {told}. They hear nothing by it any more, also nothing of other routes in its place, "
        "until somebody changes what they hear of."
    )
