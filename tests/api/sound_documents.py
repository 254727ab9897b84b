"""A sound document of each kind of configuration, in the order in which they build on each other."""

from typing import Any

from hub.api.configuration import EXAMPLES

TABLE = {"name": "exchange_rates", "title": "Rates", "key_columns": ["from"], "value_columns": {"rate": "decimal"}}
WINDOW = {"reason": "backup", "weekday": "Sunday", "from_time": "02:00", "minutes": 90}
HARVEST = EXAMPLES["connections"] | {"windows": [WINDOW], "secrets": {"token": "a secret"}}
SOUND: dict[str, dict[str, Any]] = {
    "legal_entities": EXAMPLES["legal_entities"] | {"code": "HP-AT"},
    "calendars": EXAMPLES["calendars"],
    "connections": HARVEST,
    "tables": TABLE,
    "routes": {  # from and to the systems of the world of the routes' tests
        "slug": "time-to-erp", "name": "Time", "legal_entity": "HP-DE", "connection": "time",
        "stream": "time_entries", "canonical_entity": "time_entry", "mapping": "ledger-time-in",
        "destinations": [
            {"name": "Ledger", "connection": "ledger", "stream": "entries", "mapping": "ledger-time-out"}
        ],
    },
    "schedules": {"route": "time-to-erp", "every_seconds": 60},
    "cut_offs": EXAMPLES["cut_offs"],
    "order_of_exceptions": EXAMPLES["order_of_exceptions"],
    "teams": EXAMPLES["teams"] | {"members": []},
    **{each: EXAMPLES[each] for each in ("fallback_teams", "routing_rules", "approval_policies")},
}  # fmt: skip
