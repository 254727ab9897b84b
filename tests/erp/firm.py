"""Make a Tryton database with a small consulting firm in it; runs inside Tryton's own environment.

    python firm.py CONFIG DATABASE FIRM_JSON YYYY-MM-01

Activates the modules that the tests need, nothing else, and seeds the firm through Tryton's own models. What was made
(ids, users, application keys) goes to FIRM_JSON. That month, the one before it and all later ones of its year are
open, everything earlier is closed. The passwords are those of a throw-away server on the loopback.
"""

import datetime as dt
import gc
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from quick import hash_quickly
from trytond import config

MODULES = ["party", "company", "product", "account", "account_product", "account_invoice", "timesheet", "project"]
FULL_RIGHTS = ["party.group_party_admin", "company.group_employee_admin", "product.group_product_admin",
               "account.group_account", "account.group_account_admin", "account_product.group_account_product_admin",
               "timesheet.group_timesheet_admin", "project.group_project_admin"]  # fmt: skip
USERS = {
    "hub": ("hub-password-81", FULL_RIGHTS),  # all that the hub needs
    "clerk": ("clerk-password-81", ["timesheet.group_timesheet_admin"]),  # books time, may not touch accounting
}
LOCKED = ["account_configuration", "account_fiscalyear", "account_period", "account_journal_period", "account_move"]
CUSTOMERS = {"C-1001": "Brandt Maschinenbau AG", "C-1002": "Nordlicht Versicherung", "C-1003": "Rheinwerk Logistik"}
EMPLOYEES = {"W-001": "Jonas Keller", "W-002": "Amara Diallo", "W-003": "Petra Lindqvist", "W-004": "Tomás Ferreira"}
PROJECTS = {
    "P-101": ("ERP rollout", "C-1001", {"ANALYSIS": "Analysis", "BUILD": "Build"}),
    "P-102": ("Risk model review", "C-1002", {"REVIEW": "Review"}),
}
PRODUCTS = {"CONS-STD": ("Consulting hour", "Hour", "120"), "FIX-FEE": ("Fixed fee milestone", "Unit", "1000")}


class Firm:
    """Seeds one part after the other; `facts` collects what tests must know."""

    def __init__(self, pool: Any, month: dt.date) -> None:
        self.get = pool.get
        self.month = month
        self.facts: dict[str, Any] = {"month": f"{month:%Y-%m}"}

    def record(self, model: str, **values: Any) -> Any:
        """Create and return one record of `model`."""
        record = self.get(model)(**values)
        record.save()
        return record

    def xml(self, name: str) -> int:
        """Return the id of a record that a module ships, by `module.name`."""
        return self.get("ir.model.data").get_id(name)

    def make_company(self) -> None:
        """The legal entity HP-DE and its currency; customer invoices may be cancelled, which is how we reverse them."""
        self.currency = self.record("currency.currency", name="Euro", code="EUR", symbol="€", rounding=Decimal("0.01"))
        self.record("currency.currency.rate", date=dt.date(2020, 1, 1), rate=Decimal(1), currency=self.currency)
        party = self.party("HP-DE", "Halden & Partner GmbH")
        self.company = self.record(
            "company.company", party=party, currency=self.currency, timezone="Europe/Berlin", cancel_invoice_out=True
        )
        self.facts |= {"company": self.company.id, "currency": self.currency.id}

    def party(self, code: str, name: str) -> Any:
        """Create a party with one address."""
        address = self.get("party.address")(city="Köln", postal_code="50667")
        return self.record("party.party", code=code, name=name, addresses=[address])

    def make_chart(self) -> None:
        """A chart of accounts of five accounts, and the defaults for parties and products."""
        accounts = {
            "receivable": ("1200", "Trade receivables", "balance", {"receivable": True, "assets": True}),
            "payable": ("1600", "Trade payables", "balance", {"payable": True}),
            "tax": ("1776", "Output tax 19 %", "balance", {}),
            "revenue": ("8400", "Consulting revenue", "income", {"revenue": True}),
            "expense": ("4900", "Other expenses", "income", {"expense": True}),
        }
        made = {}
        for name, (code, title, statement, flags) in accounts.items():
            kind = self.record("account.account.type", name=title, company=self.company, statement=statement, **flags)
            by_party = name in ("receivable", "payable")
            made[name] = self.record(
                "account.account", name=title, code=code, company=self.company, type=kind,
                party_required=by_party, reconcile=by_party,
            )  # fmt: skip
        configuration = self.get("account.configuration")(1)
        configuration.default_account_receivable = made["receivable"]
        configuration.default_account_payable = made["payable"]
        configuration.save()
        self.accounts = made
        self.facts["accounts"] = {name: account.id for name, account in made.items()}
        self.facts["journal"] = self.xml("account.journal_revenue")

    def make_periods(self) -> None:
        """Last year and this year in months; numbers of documents run strictly per year."""
        last_month = self.month.replace(day=1) - dt.timedelta(days=1)
        self.facts["periods"] = {}
        for year in (self.month.year - 1, self.month.year):
            fiscal_year = self.record(
                "account.fiscalyear", name=str(year), company=self.company,
                start_date=dt.date(year, 1, 1), end_date=dt.date(year, 12, 31),
                move_sequence=self.sequence(f"Moves {year}", "account.sequence_type_account_move", f"M{year}-"),
                invoice_sequences=[self.invoice_sequences(year)],
            )  # fmt: skip
            Year, Period = self.get("account.fiscalyear"), self.get("account.period")
            Year.create_period([fiscal_year])
            periods = Period.search([("fiscalyear", "=", fiscal_year.id)])
            Period.close([period for period in periods if period.end_date < last_month.replace(day=1)])
            for period in Period.search([("fiscalyear", "=", fiscal_year.id)]):
                self.facts["periods"][period.name] = {"id": period.id, "state": period.state}

    def invoice_sequences(self, year: int) -> Any:
        """Return a year's number ranges for invoices and credit notes."""
        kind = "account_invoice.sequence_type_account_invoice"
        supplier = self.sequence(f"Supplier documents {year}", kind, f"SUP{year}-")
        return self.get("account.fiscalyear.invoice_sequence")(
            company=self.company,
            out_invoice_sequence=self.sequence(f"Invoices {year}", kind, f"INV{year}-"),
            out_credit_note_sequence=self.sequence(f"Credit notes {year}", kind, f"CRN{year}-"),
            in_invoice_sequence=supplier,
            in_credit_note_sequence=supplier,
        )

    def sequence(self, name: str, kind: str, prefix: str) -> Any:
        """Create a gapless number range."""
        return self.record(
            "ir.sequence.strict", name=name, company=self.company, prefix=prefix, padding=5,
            sequence_type=self.xml(kind),
        )  # fmt: skip

    def make_products(self) -> None:
        """Services to sell, with their account and tax, and a payment term."""
        self.tax = self.record(
            "account.tax", name="VAT 19 %", description="VAT 19 %", type="percentage", rate=Decimal("0.19"),
            company=self.company, invoice_account=self.accounts["tax"], credit_note_account=self.accounts["tax"],
        )  # fmt: skip
        term_line = self.get("account.invoice.payment_term.line")(
            type="remainder", relativedeltas=[self.get("account.invoice.payment_term.line.delta")(days=30)]
        )
        self.term = self.record("account.invoice.payment_term", name="Net 30", lines=[term_line])
        category = self.record(
            "product.category", name="Services", accounting=True, account_revenue=self.accounts["revenue"],
            account_expense=self.accounts["expense"], customer_taxes=[self.tax],
        )  # fmt: skip
        units = {unit.name: unit for unit in self.get("product.uom").search([("name", "in", ["Hour", "Unit"])])}
        self.facts |= {"tax": self.tax.id, "payment_term": self.term.id, "products": {}}
        self.facts["units"] = {name: unit.id for name, unit in units.items()}
        for code, (name, unit, price) in PRODUCTS.items():
            product = self.get("product.product")(suffix_code=code)
            template = self.record(
                "product.template", name=name, type="service", default_uom=units[unit], list_price=Decimal(price),
                account_category=category, products=[product],
            )  # fmt: skip
            self.facts["products"][code] = template.products[0].id

    def make_people(self) -> None:
        """Customers and employees; the code of the party is the business key of both."""
        self.customers = {code: self.party(code, name) for code, name in CUSTOMERS.items()}
        self.facts["customers"] = {code: party.id for code, party in self.customers.items()}
        self.facts["addresses"] = {code: party.addresses[0].id for code, party in self.customers.items()}
        self.facts["employees"] = {
            code: self.record(
                "company.employee", party=self.party(code, name), company=self.company, start_date=dt.date(2024, 1, 1)
            ).id
            for code, name in EMPLOYEES.items()
        }

    def make_projects(self) -> None:
        """Projects with tasks that hours can be booked on; the name starts with the code, Tryton keeps no other."""
        Work = self.get("project.work")
        self.record("timesheet.work", name="Internal training", company=self.company)  # so ids differ
        self.facts["projects"] = {}
        for code, (name, customer, tasks) in PROJECTS.items():
            project = self.record(
                "project.work", type="project", name=f"{code} {name}", company=self.company,
                party=self.customers[customer], status=self.xml("project.work_open_status"),
                timesheet_available=True,
            )  # fmt: skip
            made = {
                task: self.record(
                    "project.work", type="task", name=f"{task} {title}", company=self.company, parent=project,
                    status=self.xml("project.work_open_status"), timesheet_available=True,
                ).id
                for task, title in tasks.items()
            }  # fmt: skip
            works = {task: Work(id_).timesheet_works[0].id for task, id_ in made.items()}
            self.facts["projects"][code] = {"id": project.id, "tasks": made, "timesheet_works": works}

    def make_users(self) -> None:
        """Users with and without the rights, and a REST application key for each."""
        self.facts["users"] = {}
        for login, (password, groups) in USERS.items():
            user = self.record(
                "res.user", name=login.title(), login=login, password=password, companies=[self.company],
                company=self.company, groups=[self.xml(group) for group in groups],
            )  # fmt: skip
            application = self.record("res.user.application", user=user, application="rest")
            application.validate_([application])
            self.facts["users"][login] = {"id": user.id, "password": password, "key": application.key}


def seed(pool: Any, database: str, month: dt.date) -> dict[str, Any]:
    """Seed the firm in one transaction and return its facts."""
    from trytond.transaction import Transaction

    with Transaction().start(database, 0, _lock_tables=LOCKED) as transaction:
        for item in pool.get("ir.module.config_wizard.item").search([]):
            item.state = "done"
            item.save()
        firm = Firm(pool, month)
        firm.make_company()
        with transaction.set_context(company=firm.company.id):
            firm.make_chart()
            firm.make_periods()
            firm.make_products()
            firm.make_people()
            firm.make_projects()
            firm.make_users()
        return firm.facts


@contextmanager
def _unvalidated() -> Iterator[None]:
    """Leave out the check of each record that modules ship (menus, views, rights): it takes a third of the time."""
    from trytond.model import ModelStorage

    validate = ModelStorage.__dict__["_validate"]
    ModelStorage._validate = classmethod(lambda cls, records, field_names=None: None)
    yield
    ModelStorage._validate = validate


def main() -> None:
    """Activate the modules in an empty database, seed the firm, write its facts."""
    configuration, database, facts, month = sys.argv[1:]
    config.update_etc(configuration)
    hash_quickly()
    gc.disable()  # a short process with many live objects: collecting them costs a tenth of the time
    from trytond import backend
    from trytond.pool import Pool

    Pool.start()
    connected = backend.Database(database)
    connected.connect()
    connected.init()
    pool = Pool(database)
    with _unvalidated():
        pool.init(update=["ir", "res", *MODULES], lang=["en"], activatedeps=True, indexes=False)
    Path(facts).write_text(json.dumps(seed(pool, database, dt.date.fromisoformat(month)), indent=1))


if __name__ == "__main__":
    main()
