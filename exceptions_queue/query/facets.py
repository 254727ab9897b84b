"""Words with their values and numbers, as they stand beside the list: in words, each with the line that it leads to."""

from dataclasses import dataclass
from decimal import Decimal

from connectors.models import Connection
from exceptions_queue.query.compiled import OPEN
from exceptions_queue.query.line import toggled, with_values
from exceptions_queue.query.values import folded
from exceptions_queue.query.words import WORDS, Understood
from governance.actor import By
from governance.models import LegalEntity
from routes.models import Route

SYSTEMS = ("source", "target")  # words whose values are systems
NAMED = ("route", *SYSTEMS)  # of which those of other companies are not named
MOST = 10_000  # above which a number says only that it is above
OPEN_ONES = frozenset({"open", "approvable", *(folded(state) for state in OPEN)})  # states whose items are all counted
BANDS: dict[str, tuple[tuple[str, str], ...]] = {  # value in the line, words
    "amount": (
        ("unknown", "unknown"), ("<1000", "below 1,000"), ("1000..10000", "1,000 to 10,000"),
        ("10000..100000", "10,000 to 100,000"), (">=100000", "100,000 and more"),
    ),
    "due": (
        ("past", "past"), ("0d..1d", "within a day"), ("1d..1w", "in 1 to 7 days"), (">=1w", "in 7 days and more"),
        ("none", "none that is known"),
    ),
    "age": (
        ("<1d", "within a day"), ("1d..1w", "1 to 7 days"), ("1w..4w", "1 to 4 weeks"), (">=4w", "4 weeks and more"),
    ),
    "tries": (("0", "never"), ("1", "once"), ("2..5", "2 to 4 times"), (">=5", "5 times and more")),
    "again": (("0", "never"), ("1", "once"), (">1", "more than once")),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counted:
    """One value of a word, and how many items have it."""

    value: str  # as it stands in the line
    words: str
    number: int
    chosen: bool
    line: str  # with the value chosen, or no longer
    at_least: bool = False  # not all items were looked at
    worth: Decimal | None = None  # what those that are open amount to in the reporting currency, no record twice

    @property
    def shown(self) -> str:
        """Return the number as people read it."""
        if self.number > MOST:
            return f"more than {MOST:,}"
        return f"at least {self.number:,}" if self.at_least else f"{self.number:,}"


@dataclass(frozen=True, slots=True)
class Facet:
    """A word with its values and their numbers."""

    word: str
    title: str
    values: tuple[Counted, ...]
    more: bool = False  # there are further values


def facet_of(
    found: Understood,
    word: str,
    numbers: dict[str, int],
    *,
    more: bool = False,
    cut: bool = False,
    words: dict[str, str] | None = None,
    sums: dict[str, Decimal] | None = None,
) -> Facet:
    """Return a word's values in their order: bands as they follow each other, others by their number."""
    known = dict(BANDS.get(word) or WORDS[word].choices) | (words or {})
    # In the order in which they are written, which no order of what was counted changes.
    held = list(dict.fromkeys(each.text for term in found.line.of(word) if not term.negated for each in term.values))
    for value in held:  # what is chosen can be taken back, also once nothing has it
        numbers.setdefault(value, 0)
    if word in BANDS:
        bands = [value for value, _ in BANDS[word] if value in numbers]
        order = [value for value in dict.fromkeys([*bands, *held, *sorted(numbers)]) if value]
    else:
        order = sorted((value for value in numbers if value), key=lambda value: (-numbers[value], value))
    return Facet(
        word,
        WORDS[word].title,
        tuple(
            Counted(
                value, known.get(value, value), numbers[value], value in held, _chosen(found, word, value),
                cut and (word != "is" or value not in OPEN_ONES), (sums or {}).get(value) or None,
            )
            for value in order
        ),
        more,
    )  # fmt: skip


def _chosen(found: Understood, word: str, value: str) -> str:
    """Return the line with a value chosen, or taken back; states take the place of each other."""
    if word == "is" and not found.line.has(word, value):
        return with_values(found.line, word, [value])
    return toggled(found.line, word, value)


def named(word: str, values: set[str], by: By) -> dict[str, str]:
    """Return the names that people read for short ones. One query for those that have names.

    Of systems and routes only those that somebody sees: by the short name, too, they would be known.
    """
    if word == "route":
        return dict(Route.objects.visible_to(by).filter(slug__in=values).values_list("slug", "name"))
    if word in SYSTEMS:
        return dict(Connection.objects.visible_to(by).filter(slug__in=values).values_list("slug", "name"))
    if word == "entity":
        return {each.code: f"{each.code} {each.name}" for each in LegalEntity.objects.filter(code__in=values)}
    return {}
