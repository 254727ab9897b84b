"""Fills the NetSuite simulator with the firm: companies, cost centers, items, customers, jobs, people, periods.

Everything that the time tool knows stands here too, but for what the troubles leave out.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sandbox.firm import erp_ids
from sandbox.firm.catalogue import (
    COST_CENTER_PREFIX,
    CUSTOMERS,
    ENTITY,
    INTERNAL_CUSTOMER,
    INTERNAL_PROJECTS,
    INTERNAL_TASK,
    LEGAL_ENTITIES,
    PRACTICES,
    PROJECT_OVER_CAP,
    PROJECTS,
    TASKS,
    Project,
    cost_center,
)
from sandbox.firm.people import WORKERS
from sandbox.firm.timesheets import Firm
from sandbox.firm.troubles import cap_hours
from sandbox.netsuite.records import Records
from sandbox.netsuite.rules import HOURS_CAP

_BILLING = {"t_and_m": "TM", "capped": "TM", "fixed_fee": "FBM"}


def fill(firm: Firm, records: Records) -> None:
    """Store everything; nothing of the firm may be there yet."""
    for kind, rows in (
        ("currency", _currencies()),
        ("subsidiary", _subsidiaries()),
        ("department", _departments()),
        ("serviceItem", _items()),
        ("accountingPeriod", _periods(firm)),
        ("customer", _customers()),
        ("employee", _employees(firm)),
        ("job", _jobs(firm)),
    ):
        for row in rows:
            records.put(kind, row, by="fill")
    records.memory.flush()


def job(project: Project) -> dict[str, Any]:
    """Return a project as the ERP's job."""
    return {
        "id": int(erp_ids.JOBS[project.code]),
        "externalId": project.code,
        "entityId": project.code,
        "companyName": project.name,
        "parent": erp_ids.CUSTOMER_IDS[f"C-{project.customer}"],
        "subsidiary": str(ENTITY[project.legal_entity].subsidiary_id),
        "currency": erp_ids.CURRENCIES[ENTITY[project.legal_entity].currency],
        "jobBillingType": _BILLING[project.billing],
        "isInactive": False,
    }


def _currencies() -> Iterator[dict[str, Any]]:
    for symbol, number in erp_ids.CURRENCIES.items():
        yield {"id": int(number), "externalId": symbol, "name": symbol, "symbol": symbol}


def _subsidiaries() -> Iterator[dict[str, Any]]:
    yield {"id": 1, "externalId": "HP", "name": "Halden & Partner Group", "currency": erp_ids.CURRENCIES["EUR"]}
    for entity in LEGAL_ENTITIES:
        currency = erp_ids.CURRENCIES[entity.currency]
        yield {"id": entity.subsidiary_id, "externalId": entity.code, "name": entity.name, "currency": currency}


def _departments() -> Iterator[dict[str, Any]]:
    for entity in COST_CENTER_PREFIX:
        for practice in PRACTICES:
            code = cost_center(entity, practice)
            yield {"id": int(erp_ids.DEPARTMENTS[code]), "externalId": code, "name": f"{code} {practice} {entity}"}


def _items() -> Iterator[dict[str, Any]]:
    for task in (*TASKS, INTERNAL_TASK):
        number = int(erp_ids.ITEMS[task.item])
        yield {"id": number, "externalId": task.item, "itemId": task.item, "displayName": f"Service: {task.name}"}


def _periods(firm: Firm) -> Iterator[dict[str, Any]]:
    """Return the years, and months from half a year before the story to the month after it, closed up to one."""
    for year in sorted({firm.closed_month.year, firm.today.year}):
        yield {
            "id": year,
            "externalId": f"{year}",
            "periodName": f"FY {year}",
            "startDate": f"{year}-01-01",
            "endDate": f"{year}-12-31",
            "isYear": True,
        }
    month = date(firm.closed_month.year - (firm.closed_month.month < 6), (firm.closed_month.month - 6) % 12 + 1, 1)
    while month <= firm.today + timedelta(days=31):
        following = (month + timedelta(days=31)).replace(day=1)
        yield {
            "id": int(erp_ids.period_id(month)),
            "externalId": f"{month:%Y-%m}",
            "periodName": f"{month:%b %Y}",
            "startDate": month.isoformat(),
            "endDate": (following - timedelta(days=1)).isoformat(),
            "closed": month <= firm.closed_month,
        }
        month = following


def _customers() -> Iterator[dict[str, Any]]:
    internal = {"id": int(erp_ids.CUSTOMER_IDS["C-INT"]), "externalId": "C-INT", "entityId": "C-INT"}
    yield {**internal, "companyName": INTERNAL_CUSTOMER, "subsidiary": "1", "currency": erp_ids.CURRENCIES["EUR"]}
    for customer in CUSTOMERS:
        code = f"C-{customer.code}"
        yield {
            "id": int(erp_ids.CUSTOMER_IDS[code]),
            "externalId": code,
            "entityId": code,
            "companyName": customer.name,
            "subsidiary": str(ENTITY[customer.legal_entity].subsidiary_id),
            "currency": erp_ids.CURRENCIES[ENTITY[customer.legal_entity].currency],
            "defaultAddress": customer.address,
            "isInactive": False,
        }


def _employees(firm: Firm) -> Iterator[dict[str, Any]]:
    for worker in WORKERS:
        yield {
            "id": int(erp_ids.EMPLOYEES[worker.code]),
            "externalId": worker.code,
            "entityId": worker.code,
            "firstName": worker.first_name,
            "lastName": worker.last_name,
            "email": worker.email,
            "title": worker.role,
            "subsidiary": str(ENTITY[worker.legal_entity].subsidiary_id),
            "department": erp_ids.DEPARTMENTS.get(worker.cost_center),
            "laborCost": float(firm.cost_rate(worker.role, ENTITY[worker.legal_entity].currency)),
            "isInactive": False,
        }


def _jobs(firm: Firm) -> Iterator[dict[str, Any]]:
    for project in (*PROJECTS, *INTERNAL_PROJECTS):
        if not erp_ids.in_erp(project.code):
            continue
        row = job(project)
        if project.code == PROJECT_OVER_CAP:
            row[HOURS_CAP] = str(cap_hours(firm))
        yield row
