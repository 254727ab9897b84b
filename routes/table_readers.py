"""Which formulas of routes read a lookup table: conditions, keys, approvals, and how records are put together."""

from django.db.models import Q

from mappings.models import LookupTable
from mappings.table_readers import Reading, formula_reads
from routes import concerned
from routes.models import Route

FORMULAS = {"condition": "the condition", "key_formula": "the key", "approval_formula": "the approval"}


def of(table: LookupTable) -> list[Reading]:
    """Return the routes whose formulas read a table; of one company's, those through whose systems its records come."""
    found = []
    named = Q(group_by__contains=table.name)
    for field in FORMULAS:
        named |= Q(**{f"destinations__{field}__contains": table.name})
    for route in Route.objects.filter(named).distinct().prefetch_related("destinations").order_by("name"):
        places = _places(route, table.name)
        if places and _is_concerned(route, table.legal_entity_id):
            title = f"the route “{route.name}” ({', '.join(places)})"
            found.append(Reading(route, title, "Change its formulas first."))
    return found


def _places(route: Route, name: str) -> list[str]:
    places = ["what is put together"] if formula_reads(route.group_by, name) else []
    for each in route.destinations.all():
        asked = [words for field, words in FORMULAS.items() if formula_reads(getattr(each, field), name)]
        places += [f"{words} of “{each.name}”" for words in asked]
    return places


def _is_concerned(route: Route, company: int | None) -> bool:
    return company is None or company in concerned.companies(routes=[route.pk], upstream=[route.upstream_id])
