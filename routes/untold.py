"""Names of other companies' connections, mappings and routes in audit entries: covered for who does not see these."""

from collections.abc import Iterable
from typing import Any

from connectors.models import Connection
from governance.actor import By
from governance.models import AuditEntry
from mappings.models import Mapping
from routes.models import Route
from routes.route_fields import NOT_NAMED

NAMING = ("connection", "mapping", "upstream", "route")  # fields of audit entries that name other rows


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


def _names(values: Any) -> bool:
    return isinstance(values, dict) and any(values.get(name) for name in NAMING)


def _untold(value: Any, unseen: set[str]) -> Any:
    """Return a value without the names that are not to be told."""
    if isinstance(value, dict):
        return {name: _untold(each, unseen) if name in NAMING else each for name, each in value.items()}
    return NOT_NAMED if isinstance(value, str) and value in unseen else value
