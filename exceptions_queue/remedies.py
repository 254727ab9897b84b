"""Which remedies an item offers to somebody, with what each would do and who else may do it."""

from dataclasses import dataclass, field
from uuid import UUID

from django.urls import reverse

from canonical.failure import Category
from exceptions_queue import comparisons, deciding, naming, reversing, words
from exceptions_queue.facts import Facts, facts_of
from exceptions_queue.forms import RemedyForm, RowCorrectionForm
from exceptions_queue.kinds import KINDS, Kind, by_name, fits, likeliest, place
from exceptions_queue.models import WorkItem
from exceptions_queue.permitted import Holders, masks_of, rights_in, who_may
from exceptions_queue.templatetags.shown import money
from exceptions_queue.verbs.correct_field import LIMIT as CORRECTED
from exceptions_queue.verbs.move_to_next_period import LIMIT
from exceptions_queue.verbs.reverse import LIMIT as REVERSED
from exceptions_queue.verbs.send_back import LIMIT as SENT_BACK
from exceptions_queue.verbs.send_back import waits_for
from exceptions_queue.verbs.tell_source import LIMIT as TOLD
from governance.actor import as_actor, names
from governance.models import LegalEntity, User
from governance.roles import Right
from mappings import discreet
from mappings.models import TableRow
from routes.waiting_behind import MOST, Waiting


@dataclass(slots=True)
class Remedy:
    """One remedy as the page shows it."""

    name: str  # in the address: a noun
    title: str
    button: str
    effect: str
    form: RemedyForm | None
    bounded: str = ""  # how many of its members can be meant at once, where that is fewer than it holds
    leads: tuple[str, str] = ("", "")  # where it is done instead: words and address
    needs: str = ""  # which role is lacking and who has it, when this person may not
    row: int | None = None  # the table row that it is about
    opened: bool = False  # its form is not folded away
    each: bool = False  # done member by member
    danger: bool = False
    given: list[tuple[str, str]] = field(default_factory=list)  # what is settled already: the key of the row
    elsewhere: list[UUID] = field(default_factory=list)  # rows that were ticked and are not among those shown
    holds: str = ""  # what the whole item holds: "37 time entries, 12,480.00 EUR"
    keys: str = ""  # see `keyboard.give`

    @property
    def place(self) -> str:
        """Return where on the page it stands, as links name it."""
        return place(self.name, self.row)

    @property
    def called(self) -> str:
        """Return its name."""
        return self.name

    @property
    def can(self) -> bool:
        """Whether the person may use it."""
        return self.form is not None

    @property
    def asks(self) -> str:
        """Return what somebody is asked about who presses a key: what it does, with how many and how much."""
        return self.effect if self.holds in self.effect else "; ".join(filter(None, (self.effect, self.holds)))


def offered(facts: Facts, rights: frozenset[Right]) -> list[Remedy]:
    """Return the remedies that make sense for an open item, the likeliest first."""
    if not facts.item.is_open or not facts.item.members:
        return []
    shown: list[Remedy] = []
    holders = Holders()
    for kind in likeliest(facts.item.category):
        if not fits(kind, facts):
            continue
        if kind.name == "row-corrections":
            shown += _row_corrections(kind, facts, holders)
        else:
            shown.append(_shown(kind, facts, rights, holders))
    holds = waiting(facts.waiting) if facts.waiting else _holds(facts.item)
    for remedy in shown:
        remedy.holds = holds
    return shown


def _shown(kind: Kind, facts: Facts, rights: frozenset[Right], holders: Holders) -> Remedy:
    lacking = _lacking(kind, facts, rights)
    remedy = Remedy(kind.name, kind.title, kind.button, "", None if lacking else kind.asked(facts))
    remedy.effect = effect(facts.item) if kind.releases else ""
    remedy.needs = who_may(kind.right, lacking[0], holders) if lacking else ""
    remedy.each, remedy.danger = kind.each, kind.danger
    if kind.name == "resubmissions" and facts.item.category == Category.NO_RIGHT and facts.item.connection:
        asked = f"Ask the administrator of {naming.name_of(facts.item.connection, facts.user)} for the right"
        remedy.title = f"{asked}, then send it again as it is"
    if facts.contradicted and kind.name in CONTRADICTED:
        remedy.title = CONTRADICTED[kind.name]
    if kind.name == "approvals" and comparisons.waits(facts):
        remedy.title, remedy.button, remedy.effect = WITHDRAWS
    if kind.name == "period-moves":
        who = deciding.second_people(Right.APPROVE, facts.item.legal_entity, but=[as_actor(facts.user).reference])
        remedy.given, remedy.effect = _days(facts), f"proposes {_holds(facts.item)}; sent once {who} approves"
    if kind.name in ("source-returns", "source-notices"):
        _of_source(remedy, facts)
    if kind.name == "reversals":
        remedy.given, remedy.effect = reversing.told(facts.item, facts.user), TAKES_BACK
    _bound(remedy, facts.item)
    if kind.name == "look-ups":
        remedy.effect = f"if it is there, {remedy.effect}"
    if facts.waiting and kind.name in ("sign-ins", "probes"):
        _of_system(remedy, facts)
    if kind.name == "table-rows" and facts.table:
        remedy.given = list(zip(facts.table.key_columns, facts.item.table_key or [], strict=False))
        beside = [f"{_holds(each)}, of exception {each.number}" for each in facts.beside]
        frees = "; also ".join([remedy.effect, *beside])
        if facts.beside_more:
            frees += f"; and what {facts.beside_more:,} further exceptions hold"
        remedy.effect = deciding.before_adding(facts.table, facts.user, frees)
        if facts.replaces_row:
            remedy.title, remedy.button, remedy.effect = "Propose another row in its place", "Propose this row", ""
    if kind.name in ("row-approvals", "row-refusals"):
        remedy.given = told(facts.rows_waiting, facts.user)
    return remedy


UNSEEN = "A row of {} that it was made with holds what your roles do not let you see. Ask somebody who may see it."
WITHDRAWS = (
    "Approve: it was deleted at the source", "Approve, and withdraw it",
    "takes back what was posted of it; what the source has shown since stays",
)  # fmt: skip
TAKES_BACK = "takes back what stands there, as told above"
AT_MOST = {
    "period-moves": LIMIT,
    "corrections": CORRECTED,
    "reversals": REVERSED,
    "source-returns": SENT_BACK,
    "source-notices": TOLD,
}  # members that are meant at once
CONTRADICTED = {  # what these remedies decide where the source contradicts a correction
    "corrections": "Keep the correction, or enter another value",
    "resubmissions": "Take what the source says by now, and send it",
}  # fmt: skip


def _bound(remedy: Remedy, item: WorkItem) -> None:
    """Say where an item holds more than a remedy takes at once, and lead to a bulk run for all of it."""
    most = AT_MOST.get(remedy.name)
    if most is not None and item.members > most:
        remedy.bounded = f"At most {most:,} in one go: choose some below, or"
        address = f"{reverse('queue:bulk-new')}?items={item.pk}#open-{remedy.name}"
        remedy.leads = ("plan it in bulk for all", address)


def _of_source(remedy: Remedy, facts: Facts) -> None:
    """Say what happens at the source to what is sent back, or why a person has to tell it."""
    if remedy.name == "source-notices":
        remedy.given = [("cannot be sent", facts.never_goes_back)] if facts.never_goes_back else []
        remedy.effect = f"sends nothing; the exception waits for {waits_for(facts.item)}"
        return
    remedy.given = [("happens there", facts.goes_back)]
    remedy.effect = f"sends {_holds(facts.item)} back; the exception then waits for {waits_for(facts.item)}"


def _of_system(remedy: Remedy, facts: Facts) -> None:
    """Say what goes on once a system takes something again; a sign-in may need a second person, by a draft."""
    assert facts.waiting is not None
    assert facts.item.connection is not None
    remedy.effect = f"lets {waiting(facts.waiting)} go on, in order, once it works"
    if remedy.name == "sign-ins" and facts.asks_second_person and remedy.form is not None:
        remedy.form = None
        remedy.needs = f"Changes at {facts.asks_second_person} need a second person: enter the sign-in in a draft."
        address = reverse("admin:connectors_connection_change", args=[facts.item.connection.pk])
        if naming.sees(facts.item.connection, facts.user):
            remedy.leads = (f"Open {facts.item.connection.name}", address)


def waiting(found: Waiting) -> str:
    """Return what waits for a system: "412 transactions, 12,480.00 EUR, 3 without a known amount"."""
    count = f"more than {MOST:,} transactions" if found.more else words.counted(found.count, "transaction")
    sums = [money(amount, currency) for currency, amount in sorted(found.sums.items())]
    return ", ".join([count, *sums, *([f"{found.unknown:,} without a known amount"] if found.unknown else [])])


def _lacking(kind: Kind, facts: Facts, rights: frozenset[Right]) -> list[LegalEntity | None]:
    """Return where somebody lacks a kind's right: in the item's legal entity, or where its tables belong."""
    if not kind.on_table:
        return [] if kind.right in rights else [facts.item.legal_entity]
    tables = [facts.table] if kind.name == "table-rows" and facts.table else [row.table for row in facts.rows_waiting]
    places = {table.legal_entity_id: table.legal_entity for table in tables}
    return [place for key, place in places.items() if kind.right not in rights_in(facts.user, key)]


def told(rows: list[TableRow], user: User) -> list[tuple[str, str]]:
    """Return table rows as somebody may read them: key, values, days, who proposed each. One query, and one a row."""
    people = names([row.proposed_by for row in rows])
    pairs: list[tuple[str, str]] = []
    for row in rows:
        masks = masks_of(rights_in(user, row.table.legal_entity_id))
        pairs += zip(row.table.key_columns, discreet.key_shown(row.table, row.key, masks), strict=False)
        pairs += [(name, str(value)) for name, value in discreet.values_shown(row.values, masks).items()]
        pairs += [
            ("first day", f"{row.valid_from or 'since ever'}"),
            ("last day", f"{row.valid_to or 'until further notice'}"),
            ("proposed by", people[row.proposed_by]),
        ]
    return pairs


def _row_corrections(kind: Kind, facts: Facts, holders: Holders) -> list[Remedy]:
    """Return one remedy for each row that members were made with and the person may correct; else who may."""
    shown: list[Remedy] = []
    lacking: dict[int | None, LegalEntity | None] = {}
    hidden = ""  # why a row is not corrected by this person who might
    for read in facts.read:
        table, place = read.row.table, read.row.table.legal_entity
        if kind.right not in rights_in(facts.user, table.legal_entity_id):
            lacking[table.legal_entity_id] = place
            continue
        if discreet.hides_some_of(read.row, table, masks_of(rights_in(facts.user, table.legal_entity_id))):
            hidden = UNSEEN.format(table)
            continue
        title = f"This was made with the row {read.row} of {table}: correct it"
        remedy = Remedy(kind.name, title, kind.button, effect(facts.item), kind.named(RowCorrectionForm(old=read.row)))
        remedy.row = read.row.pk
        remedy.given = list(zip(table.key_columns, read.row.key, strict=False))
        shown.append(remedy)
    if not shown and (lacking or hidden):
        needs = hidden or who_may(kind.right, next(iter(lacking.values())), holders)
        shown.append(Remedy(kind.name, kind.title, kind.button, "", None, needs=needs))
    return shown


def effect(item: WorkItem) -> str:
    """Return what a remedy of the whole item sets free: "releases 37 time entries, 12,480.00 EUR"."""
    return f"releases {_holds(item)}"


def _holds(item: WorkItem) -> str:
    if item.part_holds:
        return item.part_holds
    sums = [money(each.amount, each.currency) for each in item.amounts.all()]
    unknown = f"{item.without_amount:,} without a known amount" if sums else "amount unknown"
    said = [*sums, *([unknown] if item.without_amount else [])]
    return ", ".join([words.counted(item.members, item.entity), *said])


def _days(facts: Facts) -> list[tuple[str, str]]:
    """Return which days would move, and where to; without an open period for some, how many stay."""
    found = facts.offers.values()
    first, last = min(offer.was for offer in found), max(offer.was for offer in found)
    periods = sorted({f"{offer.day}, in the period {offer.starts_on} to {offer.ends_on}" for offer in found})
    said = [("day now", str(first) if first == last else f"{first} to {last}"), ("would be", " and ".join(periods))]
    stays = min(facts.item.members, LIMIT) - len(found)
    return [*said, ("stays", f"{words.counted(stays, facts.item.entity)}: no open period is known")] if stays else said


__all__ = ["KINDS", "Facts", "Kind", "Remedy", "by_name", "effect", "facts_of", "fits", "offered"]
