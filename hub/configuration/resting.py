"""What rests on what in a file: where one thing is wrong, what is judged by it is not judged at all.

Else one mistake would be told several times, and what is right beside it with a remedy that does harm.
"""

from hub.configuration.mistakes import Place

PLAIN: dict[str, dict[str, tuple[str, ...]]] = {
    "approval_policies": {"fields": ("deeds",)},
    "connections": {
        "auth": ("connector",),
        "answers": ("connector", "auth"),
        "secrets": ("connector", "auth"),
        "requests_allowed": ("period_seconds",),
        "period_seconds": ("requests_allowed",),
    },
    "cut_offs": {name: ("rule",) for name in ("number", "weekday", "dates")},
    "order_of_exceptions": {"rate_table": ("currency",), "rate_column": ("currency", "rate_table")},
    "routes": {
        "connection": ("upstream",),
        "upstream": ("connection",),
        "stream": ("connection", "upstream"),
        "group_by": ("connection", "upstream"),
        "mapping": ("canonical_entity",),  # whether there is such a mapping asks for no source
        "canonical_entity": ("mapping", "upstream"),
        "fixed_fields": ("canonical_entity",),
        "role_fields": ("canonical_entity",),
    },
    "routing_rules": {"amount_below": ("amount_from",)},
    "schedules": {"every_seconds": ("times",), "times": ("every_seconds", "time_zone")},
    "subscriptions": {"destinations": ("routes",), "categories": ("types",)},
    "tables": {
        "accepted": ("value_columns",),
        "approval": ("approval_column", "approval_amount"),
        "approval_column": ("value_columns", "approval"),
    },
}  # by kind: what stands at the top of a file, and beside it by what that is judged


def rests_on(kind: str, place: Place) -> tuple[Place, ...]:
    """Return the places of the same file by which what stands at a place is judged."""
    match kind, *place:
        case "tables", "rows", _, "values", str(column), *_:
            return ("value_columns", column), ("accepted", column)
        case "tables", "rows", _, "key", *_:
            return (("key_columns",),)
        case "connections", "windows", int(number), *_:
            return (("windows", number),)
        case "routes", "destinations", int(number), str(name), *_:
            return _of_destination(("destinations", number), name)
        case _, str(name), *_:
            return tuple((each,) for each in PLAIN.get(kind, {}).get(name, ()))
    return ()


def _of_destination(entry: Place, name: str) -> tuple[Place, ...]:
    """Return by what a field of a destination is judged: its system, and what the route makes."""
    if name in ("connection", "name"):
        return ()
    system: Place = (*entry, "connection")
    if name == "stream":
        return (system,)
    made: tuple[Place, ...] = (("canonical_entity",), ("upstream",))
    if name == "mapping":
        return made
    beside = tuple((*entry, each) for each in ("stream", "correction", "group", "condition") if each != name)
    return (system, *made, *beside)
