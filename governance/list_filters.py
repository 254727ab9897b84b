"""What a list of the administration may be narrowed by: by the filters that it offers, and by nothing else.

The library lets any column of the row stand in the address, with any lookup and any key below a column of JSON. What a
page covers could be asked for there letter by letter, and a pattern that is none ended the page.
"""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import BadRequest
from django.http import HttpRequest

REFUSED = "This list is not narrowed by what stands in the address. Choose one of the filters beside it."


class OnlyItsFilters:
    """Takes from an address only what the filters of the list write there. Stands before the library's own class."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return True for what a filter writes. Raises BadRequest, in words, for anything else."""
        shown: Any = self
        if lookup not in {name for each in shown.get_list_filter(request) for name in _written(shown.model, each)}:
            raise BadRequest(REFUSED)
        return True


def _written(model: Any, offered: Any) -> list[str]:
    """Return the names that a filter writes into the address, which it reads again by itself."""
    if isinstance(offered, type) and issubclass(offered, SimpleListFilter):
        return [str(offered.parameter_name)]
    path = offered if isinstance(offered, str) else offered[0]
    field: Any = get_fields_from_path(model, path)[-1]
    if field.is_relation:
        return [f"{path}__{field.target_field.name}__exact", f"{path}__isnull"]
    return [path, f"{path}__exact", f"{path}__isnull"]
