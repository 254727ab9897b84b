"""Creating, changing and deleting, with Harvest's refusals: 422 with free text, no code, no field list."""

import re
from datetime import date
from typing import Any

import msgspec
from aiohttp import web

from sandbox.harvest.access import is_admin
from sandbox.harvest.shapes import Resource, lock, new_time_entry, now
from sandbox.memory import Memory, Row
from sandbox.web import Refusal

_PARENTS = {"client_id": "clients", "project_id": "projects", "task_id": "tasks", "user_id": "users"}
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})\s*(am|pm)?", re.IGNORECASE)


async def read_body(request: web.Request) -> dict[str, Any]:
    """Return the body of a write: a JSON object or a form. Raises Refusal 415 or 400."""
    if request.content_type == "application/x-www-form-urlencoded":
        return {name: str(value) for name, value in (await request.post()).items()}
    if request.content_type != "application/json":
        raise Refusal(415, {"message": "Send application/json or a form."})
    try:
        body = msgspec.json.decode(await request.read())
    except msgspec.DecodeError as error:
        raise Refusal(400, {"message": "The request body is not valid JSON."}) from error
    if not isinstance(body, dict):
        raise Refusal(400, {"message": "The request body is not an object."})
    return body


def create(memory: Memory, resource: Resource, body: dict[str, Any], user: Row, parent: Row | None = None) -> Row:
    """Store a new row and return it. `parent` is the project of an assignment. Raises Refusal 422."""
    values = _checked(memory, resource, body)
    _refuse_blank(resource, values)
    if resource.name == "time_entries":
        return memory.put("time_entries", _new_time_entry(memory, values, user), by="api")
    moment = now()
    row = {**resource.defaults, **values, "created_at": moment, "updated_at": moment}
    if parent is not None:
        row["project_id"] = parent["id"]
        _refuse_double_assignment(memory, resource, row)
    _refuse_double_name(memory, resource, row)
    return memory.put(resource.name, row, by="api")


def change(memory: Memory, resource: Resource, row: Row, body: dict[str, Any]) -> Row:
    """Change only the keys sent and return the row. Raises Refusal 422."""
    values = _checked(memory, resource, body)
    _refuse_blank(resource, {**row, **values})
    if resource.name == "time_entries":
        if values.get("user_id", row["user_id"]) is None:
            raise _refused("User can't be blank")
        _refuse_locked(memory, row)
        _refuse_unassigned(memory, {**row, **values})
    changed = {**row, **values, "updated_at": now()}
    _refuse_double_name(memory, resource, changed)
    return memory.put(resource.name, changed, by="api")


def delete(memory: Memory, resource: Resource, row: Row) -> None:
    """Delete for good; a project takes its time entries with it. Raises Refusal 422."""
    if resource.name == "time_entries":
        _refuse_locked(memory, row)
    for table, column in resource.used_by:
        if any(other[column] == row["id"] for other in memory.table(table).values()):
            raise _refused(f"{resource.label} is in use by {table.replace('_', ' ')} and can't be deleted")
    if resource.name in ("task_assignments", "user_assignments"):
        column = resource.name.split("_")[0] + "_id"
        entries = memory.table("time_entries").values()
        if any(e["project_id"] == row["project_id"] and e[column] == row[column] for e in entries):
            raise _refused(f"{resource.label} has tracked time and can't be deleted")
    if resource.name == "projects":
        _delete_children(memory, row["id"])
    memory.delete(resource.name, row["id"], by="api")


def stop_or_restart(memory: Memory, row: Row, *, run: bool) -> Row:
    """Start or stop the timer of a time entry. Raises Refusal 422."""
    _refuse_locked(memory, row)
    if row["is_running"] == run:
        raise _refused(f"Timer is {'already' if run else 'not'} running")
    started = now() if run else None
    return memory.put(
        "time_entries", {**row, "is_running": run, "timer_started_at": started, "updated_at": now()}, by="api"
    )


def _refuse_blank(resource: Resource, values: dict[str, Any]) -> None:
    for name in resource.required:
        if values.get(name) in (None, ""):
            raise _refused(f"{_words(name)} can't be blank")


def _checked(memory: Memory, resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(body.keys() - resource.fields.keys())
    if unknown:
        raise _refused(f"Unknown field: {', '.join(unknown)}")
    values = {}
    for name, value in body.items():
        values[name] = None if value is None else _typed(resource.fields[name], name, value)
        if name in _PARENTS and value is not None and values[name] not in memory.table(_PARENTS[name]):
            raise _refused(f"{_words(name)} does not exist")
    return values


def _typed(kind: str, name: str, value: Any) -> Any:
    """Return a value of its kind; text is read as forms send it."""
    try:
        match kind:
            case "integer":
                return int(value)
            case "number":
                return round(float(value), 2)
            case "boolean":
                return value if isinstance(value, bool) else {"true": True, "false": False}[value]
            case "date":
                return date.fromisoformat(value).isoformat()
            case "list" | "object":
                if not isinstance(value, list if kind == "list" else dict):
                    raise ValueError(kind)
                return value
    except (ValueError, TypeError, KeyError) as error:
        raise _refused(f"{_words(name)} is invalid") from error
    if not isinstance(value, str):
        raise _refused(f"{_words(name)} is invalid")
    return value


def _new_time_entry(memory: Memory, values: dict[str, Any], caller: Row) -> Row:
    user = memory.table("users")[values.pop("user_id", None) or caller["id"]]
    if user["id"] != caller["id"] and not is_admin(caller):
        raise Refusal(403, {"message": "You don't have permission to track time for this user."})
    entry = {**values, "user_id": user["id"]}
    _refuse_unassigned(memory, entry)
    timestamps = next(iter(memory.table("company").values()))["wants_timestamp_timers"]
    if timestamps and values.get("started_time") and values.get("ended_time"):
        hours = _clock(values["ended_time"]) - _clock(values["started_time"])
        entry["hours"] = round(hours, 2)
    elif values.get("hours") is None or timestamps:
        # Harvest's default that surprises: no duration starts a running timer.
        entry |= {"hours": 0.0, "is_running": True, "timer_started_at": now()}
    entry["external_reference"] = _reference(values.get("external_reference"))
    entry["cost_rate"] = user["cost_rate"]
    entry["billable_rate"] = user["default_hourly_rate"]
    return new_time_entry(**entry)


def _reference(sent: dict[str, Any] | None) -> dict[str, Any] | None:
    if not sent:
        return None
    if not sent.get("id") or not sent.get("group_id"):
        raise _refused("External reference id and group_id can't be blank")
    names = ("id", "group_id", "account_id", "permalink")
    return {**{name: sent.get(name) for name in names}, "service": None, "service_icon_url": None}


def _clock(text: str) -> float:
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise _refused("Started time or ended time is invalid")
    hour, minute, half = int(found[1]), int(found[2]), (found[3] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return hour + minute / 60


def _refuse_unassigned(memory: Memory, entry: Row) -> None:
    project = memory.table("projects")[entry["project_id"]]
    if not project["is_active"]:
        raise _refused("Project is archived")
    for table, column, words in (
        ("user_assignments", "user_id", "User is not assigned to this project"),
        ("task_assignments", "task_id", "Task is not assigned to this project"),
    ):
        rows = memory.table(table).values()
        if not any(row["project_id"] == project["id"] and row[column] == entry[column] for row in rows):
            raise _refused(words)


def _refuse_locked(memory: Memory, row: Row) -> None:
    reason = lock(row)["locked_reason"]
    if row["is_billed"]:
        raise _refused("This time entry has been invoiced and can't be changed")
    if reason:
        raise _refused("This time entry has been approved and is locked")
    if not memory.table("projects")[row["project_id"]]["is_active"]:
        raise _refused("Project is archived")


def _refuse_double_name(memory: Memory, resource: Resource, row: Row) -> None:
    name = resource.unique
    if not name:
        return
    for other in memory.table(resource.name).values():
        if other["id"] != row.get("id") and str(other[name]).lower() == str(row[name]).lower():
            raise _refused(f"{_words(name)} has already been taken")


def _refuse_double_assignment(memory: Memory, resource: Resource, row: Row) -> None:
    column = resource.name.split("_")[0] + "_id"
    for other in memory.table(resource.name).values():
        if other["project_id"] == row["project_id"] and other[column] == row[column]:
            raise _refused(f"{_words(column)} is already assigned to this project")


def _delete_children(memory: Memory, project_id: int) -> None:
    for table in ("time_entries", "task_assignments", "user_assignments"):
        for child in [row for row in memory.table(table).values() if row["project_id"] == project_id]:
            memory.delete(table, child["id"], by="api")


def _words(name: str) -> str:
    return name.removesuffix("_id").replace("_", " ").capitalize()


def _refused(message: str) -> Refusal:
    return Refusal(422, {"message": message})
