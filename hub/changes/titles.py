"""Tells a document's values as their forms do: choices and streams by their titles, a schedule as its page says it."""

from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from connectors.models import Connection
from connectors.models.connection import Environment
from governance.actor import By
from hub.configuration.connections import manifest_of
from hub.configuration.form import Data, Schema, schemas
from mappings.differences import label
from mappings.ends import stream_words
from mappings.models import Mapping
from routes import schedule_words
from routes.models.configuration import Correction, Order
from routes.route_fields import NOT_NAMED, lanes
from routes.schedules import CRON_FIELDS
from routes.unseen import Unseen

NEVER = "only when somebody asks for it"
CHOICES: dict[str, dict[Any, Any]] = {
    "order": dict(Order.choices), "correction": dict(Correction.choices), "environment": dict(Environment.choices),
}  # fmt: skip
NAMED_BY_FIELDS = ("canonical_entity", "posting_date")  # of the hub's own words


class Titles:
    """What is called how; asked for once, however many documents are told. Two queries at most, and for a reader those
    of what they do not see, which is not named.
    """

    def __init__(self, reader: "By | None" = None) -> None:
        self._unseen = Unseen(reader)

    def both(self, kind: str, here: Data, wanted: Data) -> tuple[Data, Data]:
        """Return two documents with the values of their choices by title; what is usual is written out in both."""
        if kind not in ("route", "connection"):
            return here, wanted
        if kind == "connection":
            here, wanted = (_with_windows(each) for each in (here, wanted))
        schema: Schema = schemas()[f"{kind}s"]["properties"]
        usual = schema if here and wanted else {}
        told = self._told(here, usual, here), self._told(wanted, usual, wanted)
        if kind == "route":
            names = [{end["name"] for end in each.get("destinations", [])} for each in (here, wanted)]
            inner, shared = schema["destinations"]["items"]["properties"], names[0] & names[1]
            for each in told:
                each["destinations"] = [
                    self._told(end, inner if end["name"] in shared else {}, each)
                    for end in each.get("destinations", [])
                ]
        return told

    def schedule(self, document: Data) -> str:
        """Return when a schedule runs, as the page of its route says it."""
        if not document:
            return NEVER
        task = PeriodicTask()
        if "times" in document:
            written = str(document["times"])
            if len(written.split()) != len(CRON_FIELDS):
                return f"at the times {written}"
            parts = dict(zip(CRON_FIELDS, written.split(), strict=True))
            task.crontab = CrontabSchedule(**parts, timezone=document.get("time_zone", "UTC"))
        elif "every_seconds" in document:
            task.interval = IntervalSchedule(every=document["every_seconds"], period=IntervalSchedule.SECONDS)
        try:
            return schedule_words.of(task, working_days_only=bool(document.get("working_days_only")))
        except ValueError:  # no list of times: the draft's page says so
            return f"at the times {document['times']}"

    def _told(self, document: Data, usual: Schema, whole: Data) -> Data:
        """Return a document, or one of its destinations, by titles; with what `usual` knows written out."""
        found = dict(document)
        for name in (*CHOICES, "lane"):
            if name not in found and "default" in usual.get(name, {}):
                found[name] = usual[name]["default"]
        connector = str(document.get("connector") or self._system(document.get("connection")))
        for name, value in found.items():
            if isinstance(value, str) and value:
                found[name] = self._title(name, value, connector, str(whole.get("legal_entity", "")))
        if isinstance(found.get("upstream"), dict) and self._unseen.hides("route", found["upstream"].get("route")):
            found["upstream"] = {"route": NOT_NAMED, "destination": NOT_NAMED}
        if isinstance(found.get("delta_fields"), list):
            found["delta_fields"] = [str(each).replace("_", " ") for each in found["delta_fields"]]
        return found

    def _title(self, name: str, value: str, connector: str, company: str) -> str:
        if name in CHOICES:
            return str(CHOICES[name].get(value, value))
        if name == "lane":
            return str(dict(lanes()).get(value, value))
        if name in NAMED_BY_FIELDS:
            return label(value)
        if name == "stream":
            return stream_words(connector, value)
        if name == "mapping":
            return self._mapping(value, company)
        if name == "connection":
            row = self._connections.get(value)
            if self._unseen.hides("connection", value):
                return NOT_NAMED
            return row.name if row and row.legal_entity.code == company else value  # of another: as it is written
        manifest = manifest_of(connector) if name in ("connector", "auth") else None
        if manifest is None:
            return value
        return manifest.title if name == "connector" else manifest.auth_named(value).title

    def _mapping(self, key: str, company: str) -> str:
        row = self._mappings.get(key)
        if self._unseen.hides("mapping", key):
            return NOT_NAMED
        return row.title if row and (row.legal_entity is None or row.legal_entity.code == company) else key

    def _system(self, slug: Any) -> str:
        row = self._connections.get(str(slug))
        return row.connector if row else ""

    @cached_property
    def _connections(self) -> dict[str, Connection]:
        rows = Connection.objects.select_related("legal_entity").only("slug", "name", "connector", "legal_entity")
        return {row.slug: row for row in rows}

    @cached_property
    def _mappings(self) -> dict[str, Mapping]:
        return {row.key: row for row in Mapping.objects.select_related("legal_entity")}


def _with_windows(document: Data) -> Data:
    """Return a connection's document with each maintenance window in words."""
    windows = document.get("windows")
    return {**document, "windows": [_window(each) for each in windows]} if windows else document


def _window(window: Data) -> str:
    """Return "“Nightly close” every Monday from 02:00 for 60 minutes (Europe/Berlin)"."""
    named, each = f"“{window.get('reason', '')}”", window.get
    if each("weekday"):
        zone = each("time_zone", "UTC")
        return f"{named} every {each('weekday')} from {each('from_time')} for {each('minutes')} minutes ({zone})"
    return f"{named} once from {_moment(each('starts_at'))} to {_moment(each('ends_at'))}"


def _moment(written: Any) -> str:
    try:
        return f"{datetime.fromisoformat(str(written)).astimezone(UTC):%Y-%m-%d %H:%M} (UTC)"
    except ValueError:  # the draft's page says so
        return str(written or "an unknown time")
