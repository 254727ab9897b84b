"""The business records of project to cash and hire to project, field by field.

This is the contract between connectors: a vendor's words stop at its mapping. Money is a Decimal whose currency stands
in the record's field `currency`; hours are decimal hours; dates are calendar days of the legal entity.
"""

from canonical.entity import Entity, Field, Kind, Mask

TEXT, INTEGER, DECIMAL, MONEY = Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.MONEY
DATE, DATETIME, BOOLEAN, LINES = Kind.DATE, Kind.DATETIME, Kind.BOOLEAN, Kind.LINES
PAY, PERSON, BANK = Mask.PAY, Mask.PERSON, Mask.BANK

_PERIOD = r"[0-9]{4}-(0[1-9]|1[0-2])"
_CURRENCY = r"[A-Z]{3}"
_COUNTRY = r"[A-Z]{2}"
BILLING_MODELS = ("time_and_materials", "fixed_fee", "managed_service", "retainer")  # types of contracts


def _legal_entity() -> Field:
    return Field(
        "legal_entity",
        TEXT,
        "Company of the firm that the record belongs to",
        "code",
        required=True,
        references="legal_entity",
    )


def _billing_model(meaning: str) -> Field:
    return Field("billing_model", TEXT, meaning, choices=BILLING_MODELS)


def _currency(required: bool = True) -> Field:
    return Field("currency", TEXT, "Currency of the record's amounts", "ISO 4217", required=required, pattern=_CURRENCY)


def _changed_at() -> Field:
    return Field("changed_at", DATETIME, "When the source last changed the record")


LEGAL_ENTITY = Entity(
    "legal_entity",
    1,
    ("code",),
    (
        Field("code", TEXT, "Short code by which every record names the company", required=True),
        Field("name", TEXT, "Registered name", required=True),
        Field("country", TEXT, "Country of registration", "ISO 3166-1 alpha-2", required=True, pattern=_COUNTRY),
        _currency(),
        Field("tax_id", TEXT, "Tax or VAT number"),
        Field("bank_account", TEXT, "Account that customers pay to", "IBAN or local number", BANK),
        _changed_at(),
    ),
    "A company of the firm; books are kept and rights are given per legal entity",
)

CUSTOMER = Entity(
    "customer",
    1,
    ("legal_entity", "customer_id"),
    (
        _legal_entity(),
        Field("customer_id", TEXT, "The customer's number in the system of record", required=True),
        Field("name", TEXT, "Registered or trading name", required=True),
        Field("country", TEXT, "Country of the billing address", "ISO 3166-1 alpha-2", pattern=_COUNTRY),
        _currency(required=False),
        Field("tax_id", TEXT, "Tax or VAT number"),
        Field("billing_address", TEXT, "Postal address for invoices"),
        Field("billing_email", TEXT, "Address that invoices are sent to", mask=PERSON),
        Field("contact_name", TEXT, "Person at the customer who receives invoices", mask=PERSON),
        Field("payment_terms_days", INTEGER, "Days from invoice date to due date", "days"),
        Field("bank_account", TEXT, "Account for direct debit or refunds", "IBAN or local number", BANK),
        Field("is_active", BOOLEAN, "Whether new work may be booked"),
        _changed_at(),
    ),
    "A company that buys services and is invoiced",
)

CONTRACT = Entity(
    "contract",
    1,
    ("legal_entity", "contract_id"),
    (
        _legal_entity(),
        Field("contract_id", TEXT, "The contract's number in the system of record", required=True),
        Field("customer_id", TEXT, "Customer who signed it", required=True, references="customer"),
        Field("title", TEXT, "What was sold"),
        _billing_model("How work under it is billed"),
        _currency(),
        Field("signed_on", DATE, "Day of signature"),
        Field("starts_on", DATE, "First day of validity"),
        Field("ends_on", DATE, "Last day of validity"),
        Field("amount_cap", MONEY, "Most that may be billed", "currency"),
        Field("hours_cap", DECIMAL, "Most hours that may be billed", "hours"),
        Field("purchase_order", TEXT, "The customer's order number, printed on invoices"),
        _changed_at(),
    ),
    "What was agreed with a customer: price model, validity and caps",
)

PROJECT = Entity(
    "project",
    1,
    ("legal_entity", "project_code"),
    (
        _legal_entity(),
        Field("project_code", TEXT, "Code by which time is booked", required=True),
        Field("name", TEXT, "Name that consultants see", required=True),
        Field("customer_id", TEXT, "Customer the work is for", references="customer"),
        Field("contract_id", TEXT, "Contract it is billed under", references="contract"),
        Field("manager_id", TEXT, "Worker who leads it", references="worker"),
        Field("cost_center", TEXT, "Cost center that bears what is not billed"),
        Field("is_billable", BOOLEAN, "Whether its hours are billed by default"),
        Field("is_active", BOOLEAN, "Whether time may be booked"),
        Field("starts_on", DATE, "First day of work"),
        Field("ends_on", DATE, "Last planned day of work"),
        _billing_model("How its work is billed: its contract's type"),
        Field("budget_hours", DECIMAL, "Planned hours", "hours"),
        Field("budget_amount", MONEY, "Planned revenue", "currency"),
        _currency(required=False),
        _changed_at(),
    ),
    "Work for a customer that people are assigned to and book time on",
)

TASK = Entity(
    "task",
    1,
    ("legal_entity", "project_code", "task_code"),
    (
        _legal_entity(),
        Field("project_code", TEXT, "Project it belongs to", required=True, references="project"),
        Field("task_code", TEXT, "Code by which time is booked", required=True),
        Field("name", TEXT, "Name that consultants see", required=True),
        Field("is_billable", BOOLEAN, "Whether its hours are billed by default"),
        Field("is_active", BOOLEAN, "Whether time may be booked"),
        _changed_at(),
    ),
    "A kind of work within a project, such as analysis or travel",
)

WORKER = Entity(
    "worker",
    1,
    ("legal_entity", "worker_id"),
    (
        _legal_entity(),
        Field("worker_id", TEXT, "Personnel number in the system of record", required=True),
        Field("name", TEXT, "Full name", mask=PERSON, required=True),
        Field("email", TEXT, "Work address, by which systems recognise the person", mask=PERSON),
        Field("role", TEXT, "Role that decides the bill rate"),
        Field("cost_center", TEXT, "Cost center that the person belongs to"),
        Field("manager_id", TEXT, "Worker who approves the person's time", references="worker"),
        Field(
            "employment", TEXT, "Employed or engaged from outside", choices=("employee", "contractor", "subcontractor")
        ),
        Field("hired_on", DATE, "First day of work"),
        Field("left_on", DATE, "Last day of work"),
        Field("weekly_hours", DECIMAL, "Hours agreed in the employment contract", "hours per week"),
        Field("cost_rate", MONEY, "What an hour costs the firm", "currency per hour", PAY),
        _currency(required=False),
        Field("bank_account", TEXT, "Account for pay and expenses", "IBAN or local number", BANK),
        Field("is_active", BOOLEAN, "Whether the person may be assigned"),
        _changed_at(),
    ),
    "A person who does the work: employee or contractor",
)

ASSIGNMENT = Entity(
    "assignment",
    1,
    ("legal_entity", "assignment_id"),
    (
        _legal_entity(),
        Field("assignment_id", TEXT, "The assignment's id in the system of record", required=True),
        Field("worker_id", TEXT, "Person assigned", required=True, references="worker"),
        Field("project_code", TEXT, "Project assigned to", required=True, references="project"),
        Field("task_code", TEXT, "Task assigned to, when not the whole project", references="task"),
        Field("role", TEXT, "Role on this project, which decides the bill rate"),
        Field("starts_on", DATE, "First day"),
        Field("ends_on", DATE, "Last day"),
        Field("planned_hours", DECIMAL, "Hours planned in all", "hours"),
        Field("allocation", DECIMAL, "Share of the person's working time", "percent"),
        Field("bill_rate", MONEY, "Rate agreed for this assignment", "currency per hour"),
        _currency(required=False),
        _changed_at(),
    ),
    "A person planned onto a project for a while",
)

RATE = Entity(
    "rate",
    1,
    ("legal_entity", "rate_id"),
    (
        _legal_entity(),
        Field("rate_id", TEXT, "The rate's id in the system of record", required=True),
        Field("contract_id", TEXT, "Contract it is agreed in; empty: the firm's price list", references="contract"),
        Field("project_code", TEXT, "Project it is limited to", references="project"),
        Field("role", TEXT, "Role it is for"),
        Field("worker_id", TEXT, "Person it is for, when not the role", references="worker"),
        Field("bill_rate", MONEY, "Price of an hour", "currency per hour", required=True),
        Field("cost_rate", MONEY, "Cost of an hour", "currency per hour", PAY),
        _currency(),
        Field("valid_from", DATE, "First day of validity", required=True),
        Field("valid_to", DATE, "Last day of validity"),
        _changed_at(),
    ),
    "What an hour is sold for, or costs, from one day to another",
)

TIME_ENTRY = Entity(
    "time_entry",
    1,
    ("legal_entity", "entry_id"),
    (
        _legal_entity(),
        Field("entry_id", TEXT, "The entry's id in the time tool", required=True),
        Field("worker_id", TEXT, "Person who worked", required=True, references="worker"),
        Field("worker_name", TEXT, "Full name of the person", mask=PERSON),
        Field("worker_email", TEXT, "Work address of the person", mask=PERSON),
        Field("customer_id", TEXT, "Customer the work was for", references="customer"),
        Field("project_code", TEXT, "Project the hours are booked on", required=True, references="project"),
        Field("task_code", TEXT, "Task the hours are booked on", references="task"),
        Field("contract_id", TEXT, "Contract the hours are billed under", references="contract"),
        _billing_model("How the hours are billed: the type of their contract"),
        Field("cost_center", TEXT, "Cost center that bears the person's cost"),
        Field("role", TEXT, "Role in which the person worked; it decides the bill rate"),
        Field("worked_on", DATE, "Day on which the work was done", required=True),
        Field("hours", DECIMAL, "Hours worked; never negative", "hours", required=True),
        Field("description", TEXT, "What was done, as the customer will read it"),
        Field("billable", BOOLEAN, "Whether the hours are billed"),
        Field("bill_rate", MONEY, "Price of an hour", "currency per hour"),
        Field("cost_rate", MONEY, "Cost of an hour", "currency per hour", PAY),
        Field("amount", MONEY, "Hours times bill rate, rounded to the currency", "currency"),
        _currency(required=False),
        Field(
            "approval_status",
            TEXT,
            "How far the time tool's approval has come",
            choices=("unsubmitted", "submitted", "approved", "rejected"),
        ),
        Field("approved_at", DATETIME, "When it was approved"),
        Field("approved_by", TEXT, "Who approved it", mask=PERSON),
        _changed_at(),
        Field("period", TEXT, "Accounting month that it belongs to", "YYYY-MM", pattern=_PERIOD),
    ),
    "Hours that one person worked on one day, on their way to an invoice",
)

INVOICE_LINE = Entity(
    "invoice_line",
    1,
    ("legal_entity", "invoice_id", "line_id"),
    (
        _legal_entity(),
        Field("invoice_id", TEXT, "Invoice it stands on", required=True, references="invoice"),
        Field("line_id", TEXT, "The line's id or number within the invoice", required=True),
        Field("description", TEXT, "Text that the customer reads"),
        Field("project_code", TEXT, "Project the line bills", references="project"),
        Field("worker_id", TEXT, "Person whose time it bills", references="worker"),
        Field("role", TEXT, "Role whose time it bills"),
        Field("quantity", DECIMAL, "How many units", "hours or pieces"),
        Field("unit_price", MONEY, "Price of one unit", "currency per unit"),
        Field("amount", MONEY, "Net amount of the line", "currency", required=True),
        _currency(),
        Field("tax_code", TEXT, "Tax code of the ERP"),
        Field("tax_amount", MONEY, "Tax on the line", "currency"),
        Field("account", TEXT, "Revenue account"),
        Field("cost_center", TEXT, "Cost center that earns the revenue"),
    ),
    "One line of an invoice; it may stand for many time entries",
)

INVOICE = Entity(
    "invoice",
    1,
    ("legal_entity", "invoice_id"),
    (
        _legal_entity(),
        Field("invoice_id", TEXT, "The hub's own id of the invoice", required=True),
        Field("number", TEXT, "Number given at posting"),
        Field("customer_id", TEXT, "Customer who is invoiced", required=True, references="customer"),
        Field("contract_id", TEXT, "Contract it bills", references="contract"),
        Field("kind", TEXT, "Invoice or credit note", choices=("invoice", "credit_note")),
        Field("credits_invoice_id", TEXT, "Invoice that this one credits", references="invoice"),
        Field("issued_on", DATE, "Invoice date", required=True),
        Field("due_on", DATE, "Day by which it is to be paid"),
        Field("period", TEXT, "Accounting month that it is posted in", "YYYY-MM", pattern=_PERIOD),
        _currency(),
        Field("net_amount", MONEY, "Sum of the lines", "currency", required=True),
        Field("tax_amount", MONEY, "Tax in all", "currency"),
        Field("gross_amount", MONEY, "Net amount and tax", "currency"),
        Field("purchase_order", TEXT, "The customer's order number"),
        Field("status", TEXT, "How far it has come", choices=("draft", "posted", "paid", "void")),
        Field("lines", LINES, "What is billed", references="invoice_line"),
        _changed_at(),
    ),
    "What a customer is asked to pay",
)

POSTING_PERIOD = Entity(
    "posting_period",
    1,
    ("legal_entity", "starts_on"),
    (
        _legal_entity(),
        Field("name", TEXT, "What the ledger calls it"),
        Field("starts_on", DATE, "First day", required=True),
        Field("ends_on", DATE, "Last day", required=True),
        Field("is_closed", BOOLEAN, "Whether the ledger takes no more postings in it", required=True),
        Field("is_adjustment", BOOLEAN, "Whether it only takes closing entries of people"),
        _changed_at(),
    ),
    "A span of days in a ledger that is opened and closed as one",
)

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        LEGAL_ENTITY,
        CUSTOMER,
        CONTRACT,
        PROJECT,
        TASK,
        WORKER,
        ASSIGNMENT,
        RATE,
        TIME_ENTRY,
        INVOICE,
        INVOICE_LINE,
        POSTING_PERIOD,
    )
}
