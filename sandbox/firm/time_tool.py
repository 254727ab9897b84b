"""Fills the Harvest simulator with the firm: clients, projects, tasks, people, assignments and months of time."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from sandbox.firm.catalogue import (
    CUSTOMERS,
    ENTITY,
    INTERNAL_CUSTOMER,
    INTERNAL_PROJECTS,
    INTERNAL_TASK,
    MISSING_RATE,
    NEW_TASK,
    PROJECTS,
    ROLES,
    TASKS,
)  # fmt: skip
from sandbox.firm.people import WORKERS, Worker
from sandbox.firm.timesheets import Entry, Firm
from sandbox.harvest.shapes import NOW_FORMAT, RESOURCES, new_time_entry
from sandbox.memory import Memory, Row

CLIENTS_FROM, PROJECTS_FROM, TASKS_FROM, USERS_FROM = 13_500_001, 41_200_001, 20_700_001, 4_800_001
ALL_TASKS = (*TASKS, INTERNAL_TASK, NEW_TASK)
ALL_PROJECTS = (*PROJECTS, *INTERNAL_PROJECTS)
CLIENT_CODES = [customer.code for customer in CUSTOMERS] + ["INT"]
PROJECT_IDS = {project.code: PROJECTS_FROM + 3 * place for place, project in enumerate(ALL_PROJECTS)}
TASK_IDS = {task.code: TASKS_FROM + 7 * place for place, task in enumerate(ALL_TASKS)}
USER_IDS = {worker.code: USERS_FROM + 11 * place for place, worker in enumerate(WORKERS)}
CLIENT_IDS = {code: CLIENTS_FROM + 5 * place for place, code in enumerate(CLIENT_CODES)}


def fill(firm: Firm, memory: Memory) -> None:
    """Store everything; nothing of the firm may be there yet."""
    began = datetime.combine(firm.closed_month, time(9), UTC) - timedelta(days=200)
    _fill_masters(memory, began)
    _fill_people(firm, memory, began)
    for entry in firm.entries:
        memory.put("time_entries", _time_entry(firm, entry), by="fill")
    memory.flush()


def _put(memory: Memory, table: str, moment: datetime, **values: Any) -> None:
    stamp = moment.strftime(NOW_FORMAT)
    row = {**RESOURCES[table].defaults, "created_at": stamp, "updated_at": stamp, **values}
    memory.put(table, row, by="fill")


def _fill_masters(memory: Memory, began: datetime) -> None:
    for customer in CUSTOMERS:
        currency = ENTITY[customer.legal_entity].currency
        values: Row = {"name": customer.name, "address": customer.address, "currency": currency}
        _put(memory, "clients", began, id=CLIENT_IDS[customer.code], **values)
    _put(memory, "clients", began, id=CLIENT_IDS["INT"], name=INTERNAL_CUSTOMER, currency="EUR")
    for place, task in enumerate(ALL_TASKS):
        moment = began + timedelta(minutes=place)
        values = {"billable_by_default": task is not INTERNAL_TASK, "is_default": bool(task.weight)}
        _put(memory, "tasks", moment, id=TASK_IDS[task.code], name=task.name, **values)
    for place, project in enumerate(ALL_PROJECTS):
        moment, internal = began + timedelta(hours=place), project in INTERNAL_PROJECTS
        values = {
            "client_id": CLIENT_IDS[project.customer],
            "name": project.name,
            "code": project.code,
            "is_billable": not internal,
            "is_fixed_fee": project.billing == "fixed_fee",
            "bill_by": "none" if internal else "People",
            "budget_by": "none",
            "notes": f"Contract {project.contract}, {project.billing.replace('_', ' ')}",
        }
        _put(memory, "projects", moment, id=PROJECT_IDS[project.code], **values)
        tasks = (INTERNAL_TASK,) if internal else (*TASKS, NEW_TASK)
        for task in tasks:
            ids = {"project_id": PROJECT_IDS[project.code], "task_id": TASK_IDS[task.code]}
            _put(memory, "task_assignments", moment, billable=not internal, **ids)


def _fill_people(firm: Firm, memory: Memory, began: datetime) -> None:
    for place, worker in enumerate(WORKERS):
        moment = began + timedelta(hours=place)
        rate, cost = _rate(firm, worker), firm.cost_rate(worker.role, ENTITY[worker.legal_entity].currency)
        values = {
            "first_name": worker.first_name,
            "last_name": worker.last_name,
            "email": worker.email,
            "weekly_capacity": worker.weekly_hours * 3600,
            "default_hourly_rate": rate,
            "cost_rate": float(cost),
            "timezone": {"HP-DE": "Berlin", "HP-US": "Eastern Time (US & Canada)"}.get(worker.legal_entity, "London"),
        }
        _put(memory, "users", moment, id=USER_IDS[worker.code], **values)
        internal = next(p for p in INTERNAL_PROJECTS if p.legal_entity == worker.legal_entity)
        for project in (*firm.assignments[worker.code], internal):
            ids = {"project_id": PROJECT_IDS[project.code], "user_id": USER_IDS[worker.code]}
            _put(memory, "user_assignments", moment, is_project_manager=worker.role == "Manager", **ids)
    for place, role in enumerate(ROLES):
        members = [USER_IDS[worker.code] for worker in WORKERS if worker.role == role]
        _put(memory, "roles", began + timedelta(minutes=place), name=role, user_ids=members)
    for place, legal_entity in enumerate(ENTITY):
        members = [USER_IDS[worker.code] for worker in WORKERS if worker.legal_entity == legal_entity]
        _put(memory, "roles", began + timedelta(hours=1, minutes=place), name=legal_entity, user_ids=members)


def _time_entry(firm: Firm, entry: Entry) -> Row:
    currency = ENTITY[entry.worker.legal_entity].currency
    internal = entry.project in INTERNAL_PROJECTS
    rate = None
    if not internal and (entry.worker.role, currency) != MISSING_RATE:
        rate = float(firm.bill_rate(entry.worker.role, currency, entry.worked_on))
    this_week = entry.worked_on >= firm.today - timedelta(days=firm.today.weekday())
    open_status = "unsubmitted" if this_week else "submitted"
    return new_time_entry(
        id=entry.id,
        user_id=USER_IDS[entry.worker.code],
        project_id=PROJECT_IDS[entry.project.code],
        task_id=TASK_IDS[entry.task],
        spent_date=entry.worked_on.isoformat(),
        hours=float(entry.hours),
        notes=entry.notes,
        approval_status="approved" if entry.approved_at else open_status,
        billable=not internal,
        billable_rate=rate,
        cost_rate=float(firm.cost_rate(entry.worker.role, currency)),
        created_at=entry.created_at.strftime(NOW_FORMAT),
        updated_at=(entry.approved_at or entry.created_at).strftime(NOW_FORMAT),
    )


def _rate(firm: Firm, worker: Worker) -> float | None:
    currency = ENTITY[worker.legal_entity].currency
    if (worker.role, currency) == MISSING_RATE:
        return None
    return float(firm.bill_rate(worker.role, currency, firm.today))
