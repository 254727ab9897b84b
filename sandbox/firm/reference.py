"""The firm's reference data as plain data: what a hub's lookup tables, rate tables and connections must hold.

`python -m sandbox firm --print` writes it as JSON; decimals are text, dates are ISO.
"""

from typing import Any

from sandbox.firm import erp_ids, time_tool
from sandbox.firm.catalogue import (
    BILL_RATES,
    CUSTOMERS,
    ENTITY,
    INTERNAL_PROJECTS,
    INTERNAL_TASK,
    LEGAL_ENTITIES,
    MISSING_RATE,
    NEW_TASK,
    PROJECT_OVER_CAP,
    PROJECTS,
    ROLES,
    TASKS,
    Project,
    cost_center,
)
from sandbox.firm.people import WORKERS
from sandbox.firm.timesheets import Firm, Rate
from sandbox.firm.troubles import cap_hours, troubles
from sandbox.harvest import site as harvest
from sandbox.netsuite import login as netsuite

Rows = list[dict[str, Any]]


def reference(firm: Firm) -> dict[str, Any]:
    """Return everything that a configuration of the hub needs to know about the firm."""
    return {
        "today": firm.today.isoformat(),
        "seed": firm.seed,
        "months": [f"{month:%Y-%m}" for month in firm.months],
        "closed_period": f"{firm.closed_month:%Y-%m}",
        "cut_offs": {f"{month:%Y-%m}": firm.cut_off(month).isoformat() for month in firm.months},
        "legal_entities": [{**vars(entity), "subsidiary_id": str(entity.subsidiary_id)} for entity in LEGAL_ENTITIES],
        "cost_centers": _cost_centers(),
        "roles": list(ROLES),
        "bill_rates": [_rate(row) for row in firm.rates if not _missing(row)],
        "missing_rates": [_rate(row) for row in firm.rates if _missing(row)],
        "cost_rates": _cost_rates(firm),
        "tasks": _tasks(),
        "customers": _customers(),
        "projects": [_project(firm, project) for project in (*PROJECTS, *INTERNAL_PROJECTS)],
        "workers": _workers(),
        "connections": {
            "harvest": {
                "account_id": harvest.ACCOUNT,
                "token": harvest.TOKEN,
                "client_id": harvest.CLIENT_ID,
                "client_secret": harvest.CLIENT_SECRET,
                "refresh_token": harvest.REFRESH_TOKEN,
            },
            "netsuite": {
                "account": netsuite.ACCOUNT,
                "consumer_key": netsuite.CONSUMER_KEY,
                "consumer_secret": netsuite.CONSUMER_SECRET,
                "token_id": netsuite.TOKEN_ID,
                "token_secret": netsuite.TOKEN_SECRET,
                "client_id": netsuite.CLIENT_ID,
                "certificate": "certificate_id and private_key: GET /_sandbox/credentials at the simulator",
            },
        },
        "troubles": [trouble.plain() for trouble in troubles(firm)],
        "expected": _expected(firm),
    }


def _cost_centers() -> Rows:
    return [
        {
            "code": cost_center(entity, practice),
            "legal_entity": entity,
            "practice": practice,
            "department_id": erp_ids.DEPARTMENTS[cost_center(entity, practice)],
        }
        for entity, practice in erp_ids.COST_CENTERS
    ]


def _missing(row: Rate) -> bool:
    return (row.role, row.currency) == MISSING_RATE


def _rate(row: Rate) -> dict[str, Any]:
    return {
        "role": row.role,
        "currency": row.currency,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        "bill_rate": str(row.bill_rate),
    }


def _cost_rates(firm: Firm) -> Rows:
    return [
        {"role": role, "currency": currency, "cost_rate": str(firm.cost_rate(role, currency))}
        for currency in BILL_RATES
        for role in ROLES
    ]


def _tasks() -> Rows:
    return [
        {
            "code": task.code,
            "name": task.name,
            "harvest_id": time_tool.TASK_IDS[task.code],
            "item": task.item or None,
            "item_id": erp_ids.ITEMS.get(task.item),
            "new": task is NEW_TASK,
        }
        for task in (*TASKS, INTERNAL_TASK, NEW_TASK)
    ]


def _customers() -> Rows:
    return [
        {
            "code": f"C-{customer.code}",
            "name": customer.name,
            "legal_entity": customer.legal_entity,
            "currency": ENTITY[customer.legal_entity].currency,
            "address": customer.address,
            "harvest_id": time_tool.CLIENT_IDS[customer.code],
            "customer_id": erp_ids.CUSTOMER_IDS[f"C-{customer.code}"],
        }
        for customer in CUSTOMERS
    ]


def _project(firm: Firm, project: Project) -> dict[str, Any]:
    internal = project in INTERNAL_PROJECTS
    return {
        "code": project.code,
        "name": project.name,
        "customer": f"C-{project.customer}",
        "legal_entity": project.legal_entity,
        "currency": ENTITY[project.legal_entity].currency,
        "practice": project.practice,
        "billing": "internal" if internal else project.billing,
        "contract": None if internal else project.contract,
        "hours_cap": str(cap_hours(firm)) if project.code == PROJECT_OVER_CAP else None,
        "billable": not internal,
        "harvest_id": time_tool.PROJECT_IDS[project.code],
        "in_erp": erp_ids.in_erp(project.code),
        "job_id": erp_ids.JOBS[project.code] if erp_ids.in_erp(project.code) else None,
    }


def _workers() -> Rows:
    return [
        {
            "code": worker.code,
            "name": worker.name,
            "email": worker.email,
            "legal_entity": worker.legal_entity,
            "role": worker.role,
            "practice": worker.practice,
            "cost_center": worker.cost_center or None,
            "weekly_hours": worker.weekly_hours,
            "harvest_id": time_tool.USER_IDS[worker.code],
            "employee_id": erp_ids.EMPLOYEES[worker.code],
        }
        for worker in WORKERS
    ]


def _expected(firm: Firm) -> dict[str, Any]:
    """Return the control totals of the story's beginning."""
    approved = [entry for entry in firm.entries if entry.approved_at]
    billable = [entry for entry in approved if entry.project not in INTERNAL_PROJECTS]
    totals: dict[str, Any] = {}
    for entity in LEGAL_ENTITIES:
        own = [entry for entry in billable if entry.worker.legal_entity == entity.code]
        totals[entity.code] = {
            "entries": len(own),
            "hours": str(sum(entry.hours for entry in own)),
            "amount": str(sum(firm.amount(entry) for entry in own)),
            "currency": entity.currency,
        }
    return {
        "entries": len(firm.entries),
        "approved": len(approved),
        "approved_billable": len(billable),
        "not_approved": len(firm.entries) - len(approved),
        "billable_by_legal_entity": totals,
    }
