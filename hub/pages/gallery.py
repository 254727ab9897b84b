"""The gallery: every component of the pages in each of its states, for those who build and check pages."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from connectors.health import Health
from exceptions_queue.due_words import Due
from exceptions_queue.models import Emergency
from exceptions_queue.models import State as ItemState
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.stake import Cause, First, Stake
from exceptions_queue.way import way
from governance.models import LegalEntity
from governance.rights import NotAllowed, opens_administration
from routes.models import Transition
from routes.states import State


class SampleForm(forms.Form):
    """A form with a field of each kind; `worked_on` is refused."""

    reason = forms.CharField(help_text="Kept in the history.")
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), required=False)
    worked_on = forms.DateField(label="Day")
    role = forms.ChoiceField(choices=[("consultant", "Consultant"), ("partner", "Partner")])
    scope = forms.ChoiceField(
        choices=[("one", "This one"), ("all", "All of them")], widget=forms.RadioSelect, label="What it is for"
    )


@page
def gallery(request: HttpRequest) -> HttpResponse:
    """Show the components in their states, to whom the administration is open."""
    if not opens_administration(person(request)):
        raise NotAllowed("The gallery is for those who build pages, and opens to whom the administration does.")
    form = SampleForm({"reason": "typed by mistake", "worked_on": "31.02.2026", "role": "partner", "scope": "all"})
    more = context(
        "gallery",
        items=[_item(state) for state in ItemState],
        transactions=[_item(state) for state in State],
        healths=[
            Health("good", "working"), Health("warn", "paused by a person", "Year-end close."),
            Health("bad", "left alone after failures", "The sign-in is refused."),
        ],
        form=form,
        sums=SimpleNamespace(sums={"EUR": Decimal("12480.5"), "USD": Decimal("90")}, hours=Decimal("7.75")),
        stakes=_stakes(),
        ways=[(state.label, _way(state)) for state in (State.POSTED, State.DELIVERING, State.FAILED, State.PARKED)],
        banners=[_banner()],
        tones=[("", "It is done."), ("warn", "A rule warns of it."), ("error", "It was refused.")],
    )  # fmt: skip
    return render(request, "hub/gallery.html", more)


def _banner() -> Emergency:
    """Return an emergency mode as its banner tells of it."""
    return Emergency(
        number=1, legal_entity=LegalEntity(code="HP-DE"), until=dt.datetime(2026, 12, 4, 18, tzinfo=dt.UTC),
        reason="The billing run is at six, and nobody else can be reached.",
    )  # fmt: skip


def _stakes() -> list[Stake]:
    """Return what is at stake: with a deadline and few causes, and of unknown worth."""
    moment = dt.datetime(2026, 12, 4, 17, tzinfo=dt.UTC)
    due = Due(moment, "in 1 working day 3 h", "Fri 4 Dec 2026 18:00 (Europe/Berlin)", "Billing run", False)
    first = First("Billing run of Fri 4 Dec", due, 9, Decimal(182_400), "is:open")
    causes = (Cause(1, "Cost rates: no row for Principal", Decimal(358_700), 87, "is:open number:1"),)
    return [
        Stake(37, 412, Decimal(412_300), "EUR", False, 2, "is:open", 1, "is:open", first, causes, 87, "is:open"),
        Stake(2, 2, Decimal(0), "EUR", True, 2, "is:open", 0, "is:open", None, (), 0, "is:open"),
    ]


def _item(state: Any) -> SimpleNamespace:
    return SimpleNamespace(state=state.value, get_state_display=lambda: state.label)


def _way(state: State) -> list[Any]:
    before = {
        State.POSTED: list(State)[:6], State.DELIVERING: list(State)[:5], State.FAILED: [*list(State)[:3], state],
        State.PARKED: [*list(State)[:2], state],
    }  # fmt: skip
    return way(state, [Transition(to_state=each) for each in before[state]])
