"""A client of Tryton that owes nothing to the hub: tests ask it what is really in the ERP."""

import base64
import datetime as dt
import gzip
import json
import urllib.request
from decimal import Decimal
from typing import Any


class TrytonError(Exception):
    """Tryton answered with an error; `args` are its name and texts."""


class Direct:
    """JSON-RPC as one user. Values are Python's own: Decimal, date, datetime (UTC, naive) and timedelta."""

    def __init__(self, base_url: str, database: str, login: str, password: str) -> None:
        self.url = f"{base_url}/{database}/rpc/"
        self.authorization = ""
        user, session, *_ = self._call("common.db.login", [login, {"password": password}, "en"])
        self.authorization = "Session " + base64.b64encode(f"{login}:{user}:{session}".encode()).decode()
        self.context: dict[str, Any] = self._call("model.res.user.get_preferences", [True, {}])

    def __call__(self, method: str, *params: Any) -> Any:
        """Call `model.method`, for example `party.party.read`, and return its result; raise TrytonError."""
        return self._call(f"model.{method}", [*params, self.context])

    def ids(self, model: str, *domain: Any) -> list[int]:
        """Return the ids that match, also of inactive records, oldest first."""
        return list(self(f"{model}.search", list(domain), 0, None, [["id", "ASC"]]))

    def read(self, model: str, ids: list[int], *fields: str) -> list[dict[str, Any]]:
        """Return `fields` of the records in the order of `ids`."""
        rows = {row["id"]: row for row in self(f"{model}.read", ids, list(fields))}
        return [rows[each] for each in ids]

    def lines(self, key: str) -> list[dict[str, Any]]:
        """Return the timesheet lines that carry our key at the start of their description."""
        found = self.ids("timesheet.line", ["description", "like", f"{key} %"])
        return self.read("timesheet.line", found, "description", "date", "duration", "employee", "work")

    def invoices(self, reference: str) -> list[dict[str, Any]]:
        """Return the customer invoices that carry our reference."""
        found = self.ids("account.invoice", ["reference", "=", reference], ["type", "=", "out"])
        return self.read("account.invoice", found, "state", "number", "untaxed_amount", "total_amount", "reference")

    def _call(self, method: str, params: list[Any]) -> Any:
        body = json.dumps({"id": 1, "method": method, "params": params}, default=_typed).encode()
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        if self.authorization:
            headers["Authorization"] = self.authorization
        request = urllib.request.Request(self.url, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            raw = answer.read()
            if answer.headers.get("Content-Encoding") == "gzip":
                raw = gzip.decompress(raw)
        answered = json.loads(raw, object_hook=_plain)
        if "error" in answered:
            raise TrytonError(*answered["error"])
        return answered["result"]


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, dt.timedelta):
        return {"__class__": "timedelta", "seconds": value.total_seconds()}
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"{value!r} has no form on Tryton's wire")


def _plain(found: dict[str, Any]) -> Any:
    match found.get("__class__"):
        case "Decimal":
            return Decimal(found["decimal"])
        case "timedelta":
            return dt.timedelta(seconds=found["seconds"])
        case "date":
            return dt.date(found["year"], found["month"], found["day"])
        case "datetime":
            return dt.datetime(**{key: value for key, value in found.items() if key != "__class__"})  # noqa: DTZ001 - UTC
    return found
