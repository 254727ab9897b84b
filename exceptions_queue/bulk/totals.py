"""What a bulk run comes to, counted from its members: each number stands in exactly one line, and so does its money."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Q, Sum

from exceptions_queue.models import BulkMember, BulkRun, Result
from exceptions_queue.models.bulk import TAKEN_ON
from exceptions_queue.templatetags.shown import money
from governance.actor import By


@dataclass(slots=True)
class Worth:
    """Members, and what they amount to."""

    members: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    unknown: int = 0  # members whose amount nobody knows

    def add(self, members: int, currency: str, amount: Decimal | None, unknown: int) -> None:
        """Count more of them."""
        self.members += members
        self.unknown += unknown
        if amount is not None:
            self.sums[currency] = self.sums.get(currency, Decimal(0)) + amount

    def plus(self, other: "Worth") -> "Worth":
        """Return both together."""
        both = Worth(self.members, dict(self.sums), self.unknown)
        for currency, amount in other.sums.items():
            both.add(0, currency, amount, 0)
        both.members, both.unknown = self.members + other.members, self.unknown + other.unknown
        return both

    @property
    def money(self) -> list[str]:
        """Return the sums in words, the largest first: "12,480.00 EUR"."""
        return [money(amount, currency) for currency, amount in sorted(self.sums.items(), key=lambda pair: -pair[1])]


@dataclass(slots=True)
class Totals:
    """A run's members by what was expected of them and by what became of them."""

    outcomes: dict[str, Worth]
    results: dict[str, Worth]
    endings: list[tuple[str, str, Worth]]  # result, how it ended in words, and how many so
    asking: Worth = field(default_factory=Worth)  # because of which a policy asks a second person

    @property
    def chosen(self) -> Worth:
        """Return all of them."""
        return together(self.outcomes.values())

    @property
    def judged(self) -> int:
        """Return of how many it is said what would become of them."""
        return sum(worth.members for outcome, worth in self.outcomes.items() if outcome)

    @property
    def planned(self) -> Worth:
        """Return those that the run takes on."""
        return together(worth for outcome, worth in self.outcomes.items() if outcome in TAKEN_ON)

    @property
    def left(self) -> Worth:
        """Return those that stay as they are."""
        return together(worth for outcome, worth in self.outcomes.items() if outcome not in (*TAKEN_ON, ""))

    def of(self, result: Result) -> Worth:
        """Return those with a result."""
        return self.results.get(result, Worth())


def together(several: Iterable[Worth]) -> Worth:
    """Return the sum of several."""
    found = Worth()
    for each in several:
        found = found.plus(each)
    return found


def totals(run: BulkRun, by: By) -> Totals:
    """Count a run's members, of the legal entities that somebody sees. One query, and one for the rights."""
    rows = BulkMember.objects.visible_to(by).filter(run=run).order_by()
    outcomes: dict[str, Worth] = {}
    results: dict[str, Worth] = {}
    endings: dict[tuple[str, str], Worth] = {}
    asking = Worth()
    counted = rows.values("outcome", "result", "currency", "ended_as", asks=~Q(second_person="")).annotate(
        members=Count("pk"), sum=Sum("amount"), unknown=Count("pk", filter=Q(amount=None))
    )
    for row in counted:
        worth = (row["members"], row["currency"], row["sum"], row["unknown"])
        outcomes.setdefault(row["outcome"], Worth()).add(*worth)
        if row["asks"]:
            asking.add(*worth)
        if row["outcome"] in TAKEN_ON:
            results.setdefault(row["result"], Worth()).add(*worth)
            endings.setdefault((row["result"], row["ended_as"]), Worth()).add(*worth)
    told = [(result, ended, worth) for (result, ended), worth in sorted(endings.items()) if ended]
    return Totals(outcomes, results, told, asking)
