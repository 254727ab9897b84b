"""What the firm sells and to whom: companies, practices, roles, rates, tasks, customers and projects. Plain data."""

from dataclasses import dataclass
from decimal import Decimal

ROLES = ("Analyst", "Consultant", "Senior Consultant", "Manager", "Principal")


@dataclass(frozen=True)
class LegalEntity:
    """A company of the firm. `subsidiary_id` is its internal id in the ERP."""

    code: str
    name: str
    country: str
    region: str  # for public holidays
    currency: str
    subsidiary_id: int
    prefix: str  # of project codes


LEGAL_ENTITIES = (
    LegalEntity("HP-DE", "Halden & Partner GmbH", "DE", "HH", "EUR", 2, "DE"),
    LegalEntity("HP-US", "Halden & Partner Inc.", "US", "NY", "USD", 3, "US"),
    LegalEntity("HP-GB", "Halden & Partner Ltd", "GB", "ENG", "GBP", 4, "GB"),
)
ENTITY = {entity.code: entity for entity in LEGAL_ENTITIES}

# Practice -> last two digits of its cost centers; the first two are the company's.
PRACTICES = {"Finance": "10", "Data": "20", "Cloud": "30", "Operations": "40"}
COST_CENTER_PREFIX = {"HP-DE": "41", "HP-US": "51", "HP-GB": "61"}

# Bill rates per hour by role (order of ROLES). They rise on the first day of the last full month.
BILL_RATES = {
    "EUR": ("95.00", "125.00", "155.00", "195.00", "245.00"),
    "USD": ("115.00", "155.00", "190.00", "240.00", "310.00"),
    "GBP": ("85.00", "112.50", "140.00", "175.00", "225.00"),
}
RAISED = {"EUR": Decimal("1.02"), "USD": Decimal("1.03"), "GBP": Decimal("1.02")}
COST_SHARE = Decimal("0.46")  # what an hour costs the firm, as a share of its first bill rate


@dataclass(frozen=True)
class Task:
    """A kind of work, account-wide in the time tool, and the ERP's service item for it."""

    code: str
    name: str
    weight: int  # how often it is booked
    item: str  # code of the service item; empty: the ERP has none yet


TASKS = (
    Task("ANL", "Analysis", 20, "SVC-ANL"),
    Task("DSG", "Design", 17, "SVC-DSG"),
    Task("BLD", "Build", 24, "SVC-BLD"),
    Task("TST", "Testing", 12, "SVC-TST"),
    Task("WRK", "Workshop", 11, "SVC-WRK"),
    Task("PMO", "Project management", 10, "SVC-PMO"),
    Task("TRN", "Training", 4, "SVC-TRN"),
    Task("DOC", "Documentation", 5, "SVC-DOC"),
)
INTERNAL_TASK = Task("INT", "Internal", 0, "SVC-INT")
NEW_TASK = Task("AIE", "AI enablement", 0, "")


@dataclass(frozen=True)
class Customer:
    """A company that buys services."""

    code: str
    name: str
    legal_entity: str
    address: str


CUSTOMERS = (
    Customer("AUR", "Aurora Energie AG", "HP-DE", "Speicherstraße 12, 20457 Hamburg"),
    Customer("BRK", "Brückner Logistik GmbH", "HP-DE", "Am Containerhafen 4, 27568 Bremerhaven"),
    Customer("CAS", "Castellan Versicherung AG", "HP-DE", "Leopoldstraße 140, 80804 München"),
    Customer("DRX", "Drexler Maschinenbau KG", "HP-DE", "Industriering 7, 70565 Stuttgart"),
    Customer("ELB", "Elbmarkt Handel SE", "HP-DE", "Prager Straße 3, 01069 Dresden"),
    Customer("FAI", "Fairmont Health Inc.", "HP-US", "210 Longwood Avenue, Boston, MA 02115"),
    Customer("GRB", "Granite Bay Bank", "HP-US", "55 Water Street, New York, NY 10041"),
    Customer("HUD", "Hudson Retail Group", "HP-US", "1 Exchange Place, Jersey City, NJ 07302"),
    Customer("IRO", "Ironwood Manufacturing LLC", "HP-US", "4400 Euclid Avenue, Cleveland, OH 44103"),
    Customer("JUB", "Jubilee Water plc", "HP-GB", "Clearwater Court, Vastern Road, Reading RG1 8DB"),
    Customer("KES", "Kestrel Airways Ltd", "HP-GB", "Building 820, Hatton Cross, London TW6 2GW"),
    Customer("LAN", "Lansdowne Media Group", "HP-GB", "14 Greengate, Salford M50 2EQ"),
)
INTERNAL_CUSTOMER = "Halden & Partner (internal)"


@dataclass(frozen=True)
class Project:
    """Work for a customer under one contract. Billing: t_and_m, capped or fixed_fee."""

    code: str
    name: str
    customer: str
    legal_entity: str
    practice: str
    billing: str

    @property
    def contract(self) -> str:
        """The contract's number."""
        return "K-" + self.code


# customer -> (project name, practice, billing)
_PROJECTS = {
    "AUR": (
        ("Grid cost transparency", "Finance", "t_and_m"),
        ("Smart meter data platform", "Data", "t_and_m"),
        ("SAP cloud landing zone", "Cloud", "capped"),
        ("Energy trading close", "Finance", "t_and_m"),
    ),
    "BRK": (
        ("Terminal slot planning", "Operations", "t_and_m"),
        ("Freight billing redesign", "Finance", "fixed_fee"),
        ("Fleet telemetry pipeline", "Data", "t_and_m"),
    ),
    "CAS": (
        ("IFRS 17 reporting", "Finance", "t_and_m"),
        ("On-site programme office", "Operations", "capped"),
        ("Claims data quality", "Data", "t_and_m"),
        ("Policy core to cloud", "Cloud", "t_and_m"),
    ),
    "DRX": (
        ("Spare parts forecasting", "Operations", "t_and_m"),
        ("Plant controlling template", "Finance", "fixed_fee"),
        ("Shop floor connectivity", "Cloud", "t_and_m"),
    ),
    "ELB": (
        ("Store replenishment", "Operations", "t_and_m"),
        ("Customer data hub", "Data", "capped"),
        ("Web shop resilience", "Cloud", "t_and_m"),
    ),
    "FAI": (
        ("Revenue cycle analytics", "Data", "t_and_m"),
        ("Clinical supply planning", "Operations", "t_and_m"),
        ("HIPAA cloud controls", "Cloud", "fixed_fee"),
        ("Cost accounting rollout", "Finance", "t_and_m"),
    ),
    "GRB": (
        ("Liquidity reporting", "Finance", "t_and_m"),
        ("Risk data lineage", "Data", "capped"),
        ("Mainframe exit wave 1", "Cloud", "t_and_m"),
    ),
    "HUD": (
        ("Demand sensing pilot", "Data", "fixed_fee"),
        ("Omnichannel fulfilment", "Operations", "t_and_m"),
        ("Lease accounting", "Finance", "t_and_m"),
    ),
    "IRO": (
        ("Procure-to-pay blueprint", "Finance", "t_and_m"),
        ("Predictive maintenance", "Data", "capped"),
        ("Plant 7 go-live support", "Operations", "t_and_m"),
    ),
    "JUB": (
        ("Regulatory price review", "Finance", "t_and_m"),
        ("Leakage analytics", "Data", "t_and_m"),
        ("Field crew scheduling", "Operations", "capped"),
        ("Asset registry to cloud", "Cloud", "t_and_m"),
    ),
    "KES": (
        ("Crew cost model", "Finance", "t_and_m"),
        ("Disruption data mart", "Data", "fixed_fee"),
        ("Booking platform migration", "Cloud", "t_and_m"),
    ),
    "LAN": (
        ("Rights and royalties", "Finance", "capped"),
        ("Audience insight", "Data", "t_and_m"),
        ("Studio logistics", "Operations", "fixed_fee"),
    ),
}

PROJECTS = tuple(
    Project(
        f"{ENTITY[customer.legal_entity].prefix}-{customer.code}-{number:02d}",
        name,
        customer.code,
        customer.legal_entity,
        practice,
        billing,
    )
    for customer in CUSTOMERS
    for number, (name, practice, billing) in enumerate(_PROJECTS[customer.code], 1)
)
INTERNAL_PROJECTS = tuple(
    Project(f"{entity.prefix}-INT-00", f"Internal {entity.code}", "INT", entity.code, "Operations", "t_and_m")
    for entity in LEGAL_ENTITIES
)

# Where the troubles sit; `troubles.py` lists what they amount to.
PROJECT_NOT_IN_ERP = "US-IRO-03"
PROJECT_OVER_CAP = "DE-CAS-02"  # full days of 8 hours only, so the number over the cap does not depend on order
ENTRIES_OVER_CAP = 12
MISSING_RATE = ("Principal", "GBP")
NEW_TASK_PROJECTS = ("DE-ELB-02", "US-GRB-02")


def cost_center(legal_entity: str, practice: str) -> str:
    """Return the code of a practice's cost center in a company."""
    return COST_CENTER_PREFIX[legal_entity] + PRACTICES[practice]
