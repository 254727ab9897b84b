"""A time tool whose people do everything that people do, and a hub whose people answer: for random histories."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from governance import versions
from governance.actor import ENGINE
from governance.models import LegalEntity, User
from mappings import tables
from mappings.models import Approval
from routes import decisions, receive, reprocess
from routes.models import Record, Transaction
from tests.routes.world import OUTWARD, World, entry

PRICED = OUTWARD | {
    "name": "ledger-time-priced",
    "fields": [*OUTWARD["fields"], {"to": "rate", "formula": 'LOOKUP("rates", role)'}],
}


@dataclass
class Said:
    """The newest word of the source about an entry."""

    version: int
    raw: dict[str, Any]
    vanished: bool = False

    @property
    def hours(self) -> Decimal:
        """What the entry should be worth in the end."""
        return Decimal(0) if self.vanished or self.raw["status"] != "approved" else Decimal(self.raw["hours"])


@dataclass
class Source:
    """Entries that change, vanish and come back; some cannot be read, some need a row, some a second person."""

    world: World
    random: random.Random
    clara: User
    keys: int = 4
    said: dict[int, Said] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)  # for the reader of a failed test
    strangers: int = 0  # legal entities and roles that the hub has not heard of yet

    def __post_init__(self) -> None:
        """Let the outward mapping ask for a rate that a second person has to approve."""
        self.rates = tables.create_table(
            name="rates", title="Rates", key_columns=["role"], value_columns={"rate": "money"}, by=ENGINE,
            approval=Approval.ALWAYS,
        )  # fmt: skip
        self._approve(self._propose("Consultant"))
        versions.install(kind="mapping", object_key=str(PRICED["name"]), content=PRICED)
        self.world.destination.mapping = str(PRICED["name"])
        self.world.destination.save()

    def deed(self) -> None:
        """Do one thing that a source, its people or ours may do."""
        deeds: list[tuple[int, Callable[[], None]]] = [
            (8, self.change), (2, self.say_late), (2, self.repeat), (3, self.vanish), (3, self.come_back),
            (2, self.approve_some), (2, self.repair), (2, self.decide_rows), (1, self.send_again_in_vain),
        ]  # fmt: skip
        do = self.random.choices([do for _, do in deeds], [weight for weight, _ in deeds])[0]
        self.told.append(do.__name__)
        do()

    def change(self) -> None:
        """Show a newer version of an entry, or its first one."""
        number = self.random.randint(1, self.keys)
        said = self.said.get(number)
        self._say(number, (said.version if said else 0) + 1)

    def say_late(self) -> None:
        """Show a version that is older than what the source has shown."""
        present = [n for n, said in self.said.items() if said.version > 1 and not said.vanished]
        if present:
            number = self.random.choice(present)
            raw = self._raw(number, self.random.randint(1, self.said[number].version - 1))
            raw["hours"] += Decimal("0.01")
            self._show(raw)

    def repeat(self) -> None:
        """Show again what was shown: nothing new."""
        present = [said for said in self.said.values() if not said.vanished]
        if present:
            assert self._show(self.random.choice(present).raw).unchanged == 1

    def vanish(self) -> None:
        """Delete an entry; a comparison finds out."""
        present = [n for n, said in self.said.items() if not said.vanished]
        if present:
            number = self.random.choice(present)
            self.said[number].vanished = True
            receive.withdraw_missing(self.world.plan, [f"TE-{number:07d}"], run=None)

    def come_back(self) -> None:
        """Show an entry again that was deleted, as it was or edited."""
        gone = [n for n, said in self.said.items() if said.vanished]
        if gone:
            number = self.random.choice(gone)
            said = self.said[number]
            if self.random.random() < 0.5:
                said.vanished = False
                self._show(said.raw)
            else:
                self._say(number, said.version + 1)

    def approve_some(self) -> None:
        """Press "Approve" for some of what is held, for whatever it is held."""
        held = list(Transaction.objects.filter(state="held").order_by("pk").values_list("pk", flat=True))
        self._press(held[: self.random.randint(0, 2)])

    def repair(self) -> None:
        """Add the legal entities that some records lacked, and send all that failed again."""
        for number in range(self.strangers):
            if self.random.random() < 0.7:
                self._add_entity(number)
        self._send_again()

    def decide_rows(self) -> None:
        """Approve or refuse proposed rates; what waits for them finds out later."""
        for row in self.rates.rows.waiting():
            if self.random.random() < 0.3:
                tables.refuse_rows(self.rates, [row.pk], by=self.clara, reason="not agreed")
            else:
                self._approve([row])

    def send_again_in_vain(self) -> None:
        """Send again what stopped, though nothing was done about its cause."""
        self._send_again()

    def see_to_everything(self) -> None:
        """Let our people deal with all that waits for them."""
        for number in range(self.strangers):
            self._add_entity(number)
            if not self.rates.rows.filter(recorded_to=None).with_keys([(f"Role {number}",)]).exists():
                self._propose(f"Role {number}")
        self._approve(list(self.rates.rows.waiting()))
        self._send_again()
        self._press(list(Transaction.objects.filter(state="held").values_list("pk", flat=True)))

    def _say(self, number: int, version: int) -> None:
        raw = self._raw(number, version)
        self.said[number] = Said(version, raw)
        self._show(raw)

    def _raw(self, number: int, version: int) -> dict[str, Any]:
        status = "unsubmitted" if self.random.random() < 0.2 else "approved"
        raw = entry(number, hours=str(Decimal(self.random.randint(1, 40)) / 4), version=version, status=status)
        strange = self.random.random()
        if strange < 0.15:
            raw["legal_entity"] = f"X-{self.strangers}"
        elif strange < 0.3:
            raw["role"] = f"Role {self.strangers}"
            if self.random.random() < 0.7:
                self._propose(raw["role"])
        self.strangers += 1
        return raw

    def _show(self, raw: dict[str, Any]) -> receive.Totals:
        self.told.append(f"  {raw['key']} v{raw['version']} {raw['hours']} {raw['status']} {raw['legal_entity']}")
        return self.world.take_in(raw)

    def _press(self, held: list[Any]) -> None:
        decisions.approve(held, by=self.clara, reason="agreed")

    def _send_again(self) -> None:
        failed = list(Record.objects.filter(state="failed").values_list("pk", flat=True))
        reprocess.records(failed, by=ENGINE, reason="sent again", how="fixed")
        stopped = Transaction.objects.filter(state__in=["held", "failed"]).order_by("pk")
        reprocess.transactions(list(stopped.values_list("pk", flat=True)), by=ENGINE, reason="again", how="fixed")

    def _add_entity(self, number: int) -> None:
        LegalEntity.objects.get_or_create(
            code=f"X-{number}", defaults={"name": f"Halden & Partner {number}", "country": "FR", "currency": "EUR"}
        )

    def _propose(self, role: str) -> list[Any]:
        return tables.add_rows(self.rates, [tables.NewRow((role,), {"rate": "145.00"})], by=ENGINE).waiting

    def _approve(self, rows: list[Any]) -> None:
        tables.approve_rows(self.rates, [row.pk for row in rows], by=self.clara)
