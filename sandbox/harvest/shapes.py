"""The resources of Harvest: their filters, their paging scheme, what may be written, and how a row is shown.

Rows store ids; names of related records are filled in when a row is shown, as Harvest does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.memory import Memory, Row

NOW_FORMAT = "%Y-%m-%dT%H:%M:%SZ"  # Harvest shows whole seconds, UTC


def now() -> str:
    """Return the present moment as Harvest writes it."""
    return datetime.now(UTC).strftime(NOW_FORMAT)


@dataclass(frozen=True)
class Resource:
    """One kind of record. Kinds of filters and fields: text, number, integer, boolean, date, moment, list, object."""

    name: str  # in the address, in the envelope, and of the table
    label: str  # in messages
    cursor: bool  # the newer paging scheme; false: numbered pages
    filters: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)  # what may be written
    required: tuple[str, ...] = ()
    defaults: dict[str, Any] = field(default_factory=dict)
    unique: str = ""  # a field that no two rows may share
    used_by: tuple[tuple[str, str], ...] = ()  # (table, column) that forbid deletion
    admin_only: bool = False


_ACTIVE = {"is_active": "boolean", "updated_since": "moment"}
_ASSIGNMENT_DEFAULTS = {"is_active": True, "hourly_rate": None, "budget": None}

RESOURCES = {
    resource.name: resource
    for resource in (
        Resource(
            "clients",
            "Client",
            cursor=True,
            filters=_ACTIVE,
            fields={"name": "text", "is_active": "boolean", "address": "text", "currency": "text"},
            required=("name",),
            defaults={"is_active": True, "address": None, "currency": "EUR", "statement_key": ""},
            unique="name",
            used_by=(("projects", "client_id"),),
        ),
        Resource(
            "projects",
            "Project",
            cursor=True,
            filters={**_ACTIVE, "client_id": "integer"},
            fields={
                "client_id": "integer", "name": "text", "code": "text", "is_active": "boolean",
                "is_billable": "boolean", "is_fixed_fee": "boolean", "bill_by": "text", "hourly_rate": "number",
                "budget": "number", "budget_by": "text", "fee": "number", "cost_budget": "number", "notes": "text",
                "starts_on": "date", "ends_on": "date",
            },
            required=("client_id", "name", "is_billable", "bill_by", "budget_by"),
            defaults={
                "code": None, "is_active": True, "is_fixed_fee": False, "hourly_rate": None, "budget": None,
                "budget_is_monthly": False, "fee": None, "cost_budget": None, "notes": "", "starts_on": None,
                "ends_on": None,
            },
        ),
        Resource(
            "tasks",
            "Task",
            cursor=True,
            filters=_ACTIVE,
            fields={
                "name": "text", "billable_by_default": "boolean", "default_hourly_rate": "number",
                "is_default": "boolean", "is_active": "boolean",
            },
            required=("name",),
            defaults={
                "billable_by_default": True, "default_hourly_rate": None, "is_default": False, "is_active": True,
            },
            unique="name",
            used_by=(("time_entries", "task_id"),),
        ),
        Resource(
            "task_assignments",
            "Task assignment",
            cursor=True,
            filters=_ACTIVE,
            fields={
                "task_id": "integer", "is_active": "boolean", "billable": "boolean", "hourly_rate": "number",
                "budget": "number",
            },
            required=("task_id",),
            defaults={**_ASSIGNMENT_DEFAULTS, "billable": True},
        ),
        Resource(
            "users",
            "User",
            cursor=True,
            filters=_ACTIVE,
            fields={
                "first_name": "text", "last_name": "text", "email": "text", "telephone": "text", "timezone": "text",
                "is_contractor": "boolean", "is_active": "boolean", "weekly_capacity": "integer",
                "default_hourly_rate": "number", "cost_rate": "number", "access_roles": "list",
            },
            required=("first_name", "last_name", "email"),
            defaults={
                "telephone": "", "timezone": "Berlin", "is_contractor": False, "is_active": True,
                "weekly_capacity": 144000, "default_hourly_rate": None, "cost_rate": None,
                "access_roles": ["member"], "has_access_to_all_future_projects": False,
            },
            unique="email",
            used_by=(("time_entries", "user_id"),),
            admin_only=True,
        ),
        Resource(
            "user_assignments",
            "User assignment",
            cursor=True,
            filters={**_ACTIVE, "user_id": "integer"},
            fields={
                "user_id": "integer", "is_active": "boolean", "is_project_manager": "boolean",
                "use_default_rates": "boolean", "hourly_rate": "number", "budget": "number",
            },
            required=("user_id",),
            defaults={**_ASSIGNMENT_DEFAULTS, "is_project_manager": False, "use_default_rates": True},
        ),
        Resource(
            "roles",
            "Role",
            cursor=True,
            fields={"name": "text", "user_ids": "list"},
            required=("name",),
            defaults={"user_ids": []},
            unique="name",
            admin_only=True,
        ),
        Resource(
            "time_entries",
            "Time entry",
            cursor=False,
            filters={
                "user_id": "integer", "client_id": "integer", "project_id": "integer", "task_id": "integer",
                "external_reference_id": "text", "is_billed": "boolean", "is_running": "boolean",
                "approval_status": "text", "updated_since": "moment", "from": "date", "to": "date",
            },
            fields={
                "user_id": "integer", "project_id": "integer", "task_id": "integer", "spent_date": "date",
                "hours": "number", "started_time": "text", "ended_time": "text", "notes": "text",
                "external_reference": "object",
            },
            required=("project_id", "task_id", "spent_date"),
        ),
    )
}  # fmt: skip


class Shown:
    """Shows rows the way the API does; made for one answer, so that its look-ups are built once."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._user_assignments = {
            (row["project_id"], row["user_id"]): row for row in memory.table("user_assignments").values()
        }
        self._task_assignments = {
            (row["project_id"], row["task_id"]): row for row in memory.table("task_assignments").values()
        }
        self._by_table: dict[str, Callable[[Row], Row]] = {
            "projects": self._project,
            "task_assignments": self._task_assignment,
            "user_assignments": self._user_assignment,
            "users": self._user,
            "time_entries": self._time_entry,
        }

    def row(self, table: str, row: Row) -> Row:
        """Return one row as the API shows it."""
        shown = self._by_table.get(table)
        return shown(row) if shown else row

    def _related(self, table: str, row_id: int, *names: str) -> Row:
        row = self._memory.table(table)[row_id]
        return {name: row[name] for name in ("id", *names)}

    def _project(self, row: Row) -> Row:
        return {**_without(row, "client_id"), "client": self._related("clients", row["client_id"], "name", "currency")}

    def _task_assignment(self, row: Row) -> Row:
        return {
            **_without(row, "project_id", "task_id"),
            "project": self._related("projects", row["project_id"], "name", "code"),
            "task": self._related("tasks", row["task_id"], "name"),
        }

    def _user_assignment(self, row: Row) -> Row:
        user = self._memory.table("users")[row["user_id"]]
        return {
            **_without(row, "project_id", "user_id"),
            "project": self._related("projects", row["project_id"], "name", "code"),
            "user": {"id": user["id"], "name": full_name(user)},
        }

    def _user(self, row: Row) -> Row:
        roles = [role["name"] for role in self._memory.table("roles").values() if row["id"] in role["user_ids"]]
        return {**row, "roles": roles}

    def _time_entry(self, row: Row) -> Row:
        project = self._memory.table("projects")[row["project_id"]]
        user = self._memory.table("users")[row["user_id"]]
        user_assignment = self._user_assignments.get((row["project_id"], row["user_id"]))
        task_assignment = self._task_assignments.get((row["project_id"], row["task_id"]))
        return {
            **_without(row, "user_id", "project_id", "task_id"),
            "user": {"id": user["id"], "name": full_name(user)},
            "client": self._related("clients", project["client_id"], "name", "currency"),
            "project": {"id": project["id"], "name": project["name"], "code": project["code"]},
            "task": self._related("tasks", row["task_id"], "name"),
            "user_assignment": user_assignment and _without(user_assignment, "project_id", "user_id"),
            "task_assignment": task_assignment and _without(task_assignment, "project_id", "task_id"),
            "hours_without_timer": row["hours"],
            "rounded_hours": row["hours"],
            "is_closed": row["approval_status"] == "approved",
            **lock(row),
        }


def lock(row: Row) -> Row:
    """Return `is_locked` and `locked_reason` of a time entry."""
    if row["is_billed"]:
        return {"is_locked": True, "locked_reason": "Item Invoiced and Locked for this Project"}
    if row["approval_status"] == "approved":
        return {"is_locked": True, "locked_reason": "Item Approved and Locked for this Time Period"}
    return {"is_locked": False, "locked_reason": None}


def full_name(user: Row) -> str:
    """Return first and last name."""
    return f"{user['first_name']} {user['last_name']}"


def new_time_entry(**values: Any) -> Row:
    """Return a whole time entry row; what is not given has Harvest's default."""
    moment = now()
    return {
        "notes": None,
        "hours": 0.0,
        "approval_status": "unsubmitted",
        "is_billed": False,
        "is_running": False,
        "timer_started_at": None,
        "started_time": None,
        "ended_time": None,
        "invoice": None,
        "external_reference": None,
        "billable": True,
        "budgeted": False,
        "billable_rate": None,
        "cost_rate": None,
        "created_at": moment,
        "updated_at": moment,
        **values,
    }


def _without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}
