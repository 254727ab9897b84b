"""The firm's lookup tables: what its people know and its systems do not say to each other.

The rate card is kept by two people: Farid Amini proposes, Clara Voss approves. What the firm's troubles leave out is
left out here too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from governance.models import User
from hub.demonstration.firm import ADMINISTRATION, INTERNAL_CLIENT, INTERNAL_CUSTOMER, Facts
from mappings.models import LookupTable
from mappings.models.lookup import Approval
from mappings.tables import NewRow, add_rows, approve_rows, create_table

EXCHANGE = {"USD": "0.92", "GBP": "1.15"}  # of a year in which nothing happened


@dataclass(frozen=True)
class Table:
    """One table: how it is called, its columns, who must agree to rows, and the rows it begins with."""

    name: str
    title: str
    meaning: str
    key_columns: list[str]
    value_columns: dict[str, str]
    rows: list[NewRow]
    approval: str = Approval.AT_ONCE
    accepted: dict[str, dict[str, Any]] = field(default_factory=dict)


def make(firm: Facts, staff: dict[str, User]) -> int:
    """Make the tables that are not there yet, with their rows; return how many rows were added."""
    return sum(_make(table, staff) for table in tables_of(firm))


def _make(table: Table, staff: dict[str, User]) -> int:
    if LookupTable.objects.filter(name=table.name, legal_entity=None).exists():
        return 0
    made = create_table(
        name=table.name,
        title=table.title,
        meaning=table.meaning,
        key_columns=table.key_columns,
        value_columns=table.value_columns,
        approval=table.approval,
        accepted=table.accepted,
        by=staff["ingrid"],
    )
    added = add_rows(made, table.rows, by=staff["farid"], reason="taken over when the hub was introduced")
    if added.waiting:
        ids = [row.pk for row in added.waiting]
        approve_rows(made, ids, by=staff["clara"], reason="agrees with the price list")
    return len(table.rows)


def tables_of(firm: Facts) -> Iterator[Table]:
    """Yield the firm's tables with their first rows."""
    yield Table(
        "project_prefixes",
        "Beginnings of project codes",
        "The letters before the first hyphen of a project's code say which company of ours does the work.",
        ["prefix"],
        {"legal_entity": "text"},
        [_row([entity["prefix"]], legal_entity=entity["code"]) for entity in firm["legal_entities"]],
    )
    yield Table(
        "customer_codes",
        "Customer numbers",
        "Harvest knows a client by its name only; here is our number for it, and the company of ours that serves it.",
        ["client"],
        {"customer_id": "text", "legal_entity": "text"},
        list(_customers(firm)),
    )
    yield Table(
        "people",
        "People in Harvest",
        "Which person of ours a user of Harvest is, by the user's number there.",
        ["user"],
        {"worker_id": "text", "legal_entity": "text", "role": "text", "email": "text"},
        list(_people(firm)),
    )
    yield Table(
        "cost_centers",
        "Cost centers of people",
        "The cost center that bears a person's cost, by mail address.",
        ["email"],
        {"cost_center": "text"},
        [_row([w["email"]], cost_center=w["cost_center"]) for w in firm["workers"] if w["cost_center"]],
        accepted={"cost_center": {"choices": sorted({w["cost_center"] for w in firm["workers"] if w["cost_center"]})}},
    )
    yield Table(
        "service_items",
        "Service items",
        "What an hour of a task is sold as in NetSuite.",
        ["task"],
        {"item": "text"},
        [_row([task["name"]], item=task["item"]) for task in firm["tasks"] if task["item"]],
        accepted={"item": {"choices": sorted({task["item"] for task in firm["tasks"] if task["item"]})}},
    )
    yield Table(
        "cut_offs",
        "Cut-off days",
        "The last day on which time of a month is approved in time for the month's figures.",
        ["month"],
        {"day": "date"},
        [_row([month], day=moment[:10]) for month, moment in firm["cut_offs"].items()],
    )
    yield Table(
        "exchange_rates",
        "Rates of exchange",
        "How much of a euro one of a currency is; the order of exceptions compares money by it.",
        ["currency"],
        {"rate": "decimal"},
        [NewRow((currency,), {"rate": rate}) for currency, rate in EXCHANGE.items()],
    )
    yield Table(
        "bill_rates",
        "Rate card",
        "The price of an hour, by role and currency. A row counts once a second person has approved it.",
        ["role", "currency"],
        {"rate": "money"},
        list(rates(firm["bill_rates"])),
        Approval.ALWAYS,
        {"rate": {"lowest": "1", "highest": "900"}},
    )


def rates(rows: Iterable[dict[str, Any]]) -> Iterator[NewRow]:
    """Return rows of the rate card as the table takes them."""
    for row in rows:
        first, last = (date.fromisoformat(row[end]) if row[end] else None for end in ("valid_from", "valid_to"))
        yield NewRow((row["role"], row["currency"]), {"rate": row["bill_rate"]}, first, last)


def _row(key: list[str], **values: str) -> NewRow:
    return NewRow(tuple(key), values)


def _customers(firm: Facts) -> Iterator[NewRow]:
    parent = firm["legal_entities"][0]["code"]
    yield _row([INTERNAL_CLIENT], customer_id=INTERNAL_CUSTOMER, legal_entity=parent)
    for customer in firm["customers"]:
        yield _row([customer["name"]], customer_id=customer["code"], legal_entity=customer["legal_entity"])


def _people(firm: Facts) -> Iterator[NewRow]:
    # The owner of the Harvest account is a user there too, although she books no time.
    owner = {"worker_id": "W-0001", "email": "ingrid.solheim@halden-partner.example", "role": ADMINISTRATION}
    yield _row(["1"], legal_entity=firm["legal_entities"][0]["code"], **owner)
    for worker in firm["workers"]:
        values = {name: worker[name] for name in ("legal_entity", "role", "email")}
        yield _row([str(worker["harvest_id"])], worker_id=worker["code"], **values)
