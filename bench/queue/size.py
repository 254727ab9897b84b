"""How much there is, and who it is spread over: one cause holds 40 %, half of all are of one company."""

from dataclasses import dataclass

from bench.lists.spread import Way
from governance.rights import Role

LARGEST = 0.4  # share of all members that have one and the same cause
DAYS, FEWER_DAYS = 365, 90  # of work, and of work of which half is stuck: what is stuck is of the last weeks
BODIES = 50_000  # records that have payloads
PLANNED = 10_000  # members of the bulk plan that is measured
WAYS = (Way("time", "Approved time to the ledger", 0.7, 1), Way("expenses", "Approved expenses to the ledger", 0.3, 1))
COMPANIES = {"HP-DE": 50, "HP-US": 30, "HP-GB": 20}  # percent
STAFF = {
    "farid": ("Farid", "Amini", Role.FINANCE, "HP-DE"), "clara": ("Clara", "Voss", Role.CONTROLLER, ""),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """How many of each there are."""

    transactions: int
    items: int  # open work items, each one cause
    members: int  # that they hold together
    bodies: int
    days: int = DAYS

    @classmethod
    def of(cls, transactions: int) -> "Size":
        """Return the usual shares: of five million, 100,000 open items with 200,000 members.

        Fewer transactions have as many members as the plan needs, while half of all suffice for that.
        """
        members = max(transactions // 25, min(transactions // 2, round(PLANNED / LARGEST)))
        days = DAYS if members * 10 <= transactions else FEWER_DAYS
        return cls(transactions, max(transactions // 50, 1), members // 5 * 5, min(transactions, BODIES), days)

    @property
    def largest(self) -> int:
        """Return how many members the largest cause has."""
        return self.members * 2 // 5

    @property
    def rest(self) -> int:
        """Return how many members all other causes have together."""
        return self.members - self.largest

    @property
    def every(self) -> int:
        """Return how many transactions there are for each member, from the first member on."""
        return max(1, self.transactions // 10 // self.members)

    @property
    def first(self) -> int:
        """Return the number of the transaction before the first member."""
        return self.transactions - self.every * self.members
