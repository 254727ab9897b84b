"""Where tables are made that a mapping reads and that are not there: their form, filled in as it needs them."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from governance.models import LegalEntity, User
from governance.rights import Right, allowed
from mappings.differences import label
from mappings.lacking import lacking

Places = list[tuple[str, str]]  # name of the table, address of its form; "" for who may not make it


def places(content: dict[str, Any], user: User, legal_entity: LegalEntity | None) -> Places:
    """Return the tables that a content lacks, each with where somebody makes it for a company (None: for all)."""
    found = lacking(content, legal_entity=legal_entity, by=user)
    makes = bool(found) and allowed(user, Right.EDIT_CONFIGURATION, legal_entity)
    company = legal_entity.code if legal_entity else ""
    shown: Places = []
    for each in found:
        asked: list[tuple[str, str]] = [("name", each.name), ("title", label(each.name)), ("company", company)]
        asked += [("key", name) for name in each.keys]
        asked += [("value", f"{name}:{kind.value}") for name, kind in each.values.items()]
        shown.append((each.name, f"{reverse('tables:new')}?{urlencode(asked)}" if makes else ""))
    return shown
