"""Names of other companies' connections, mappings and routes in audit entries: covered for who does not see these."""

from collections.abc import Iterable
from typing import Any

from connectors.models import Connection
from governance.actor import By
from governance.models import AuditEntry
from mappings.models import Mapping
from routes.models import Route
from routes.route_fields import NOT_NAMED

NAMING = ("connection", "mapping", "upstream", "route", "routes")  # fields of audit entries that name other rows


def cover(entries: Iterable[AuditEntry], by: By) -> None:
    """Take what is not somebody's to know out of the values of entries, which are to be shown only.

    At most six queries, none where nothing is named.
    """
    naming = [each for each in entries if any(_names(values) for values in (each.before, each.after))]
    if not naming:
        return
    unseen: set[str] = set()
    for model, fields in ((Connection, ("slug", "name")), (Mapping, ("key", "title")), (Route, ("slug", "name"))):
        hidden: Any = model._default_manager.exclude(pk__in=model._default_manager.all().visible_to(by).values("pk"))
        hidden = hidden.exclude(legal_entity=None)
        unseen |= {text for row in hidden.values_list(*fields) for text in row}
    for each in naming:
        each.before, each.after = (_untold(values, unseen) for values in (each.before, each.after))


def _names(value: Any) -> bool:
    """Return whether something is named in a value, or in a part of it at any depth."""
    if isinstance(value, dict):
        return any((name in NAMING and each) or _names(each) for name, each in value.items())
    return isinstance(value, list) and any(map(_names, value))


def _untold(value: Any, unseen: set[str], *, named: bool = False) -> Any:
    """Return a value without the names that are not to be told; `named`: it stands under a field that names."""
    if isinstance(value, dict):
        made = {name: _untold(each, unseen, named=name in NAMING) for name, each in value.items()}
        hides = "destination" in made and made.get("route") == NOT_NAMED  # the name of a place there is theirs as well
        return made | {"destination": NOT_NAMED} if hides else made
    if isinstance(value, list):
        return [_untold(each, unseen, named=named) for each in value]
    return NOT_NAMED if named and isinstance(value, str) and value in unseen else value
