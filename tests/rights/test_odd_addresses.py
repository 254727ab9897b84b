"""Addresses with what is no number where a row's number belongs: said in words, to every role, and never an error.

They are found: every address of the administration that names a row, and every filter of a list.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

import hub.urls  # noqa: F401 - the administration is loaded with the addresses; without them nothing would be tried
from governance.models import User
from governance.row_numbers import number_in
from routes.models import PostingPeriod
from tests.governance.people import person
from tests.rights.firm import Firm

NINES = "9" * 5000  # more digits than Python reads
ODD = ("x", "²", "٣", "1e5", "1_0", "-1", "01", " 1", "None", "9" * 30, NINES)
IN_WORDS = ("This is not here", "is not there: somebody has deleted it", "do not let you", "may not", "not yours")
OF_LISTS = ("p", "o", "all")  # what every list reads from its address


def addresses(resolver: Any, before: str = "") -> Iterator[str]:
    """Yield every address of a page that names something, with {} for each name."""
    for each in resolver.url_patterns:
        place = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from addresses(each, place)
        elif isinstance(each, URLPattern) and "<" in place and not place.startswith(("api/", "oidc/", "hooks/")):
            yield "/" + "/".join("{}" if part.startswith("<") else part for part in place.split("/"))


def _places() -> list[str]:
    """Return those of the administration; elsewhere the resolver lets no such text through."""
    found = dict.fromkeys(addresses(get_resolver()))
    return [each for each in found if each.startswith("/admin/") and not each.endswith("/{}/")]


def _people(firm: Firm) -> list[User]:
    return [*firm.own.values(), person("Rosa Root", is_staff=True, is_superuser=True)]


def _told(answer: Any) -> str:
    """Return the words that somebody reads: on the page, or on the one to which it leads."""
    said = " ".join(str(each) for each in get_messages(answer.wsgi_request))
    return said if answer.status_code == 302 else answer.content.decode() + said


@pytest.mark.slow
def test_odd_number_in_an_address_is_told_in_words_to_every_role(firm: Firm) -> None:
    places, wrong = _places(), []
    assert len(places) > 80
    for who, odd_ones in ((who, ODD if who.is_superuser else ODD[:2]) for who in _people(firm)):
        client = Client(raise_request_exception=False)
        client.force_login(who)
        for place in places:
            for odd in odd_ones:
                answer = client.get(place.format(*[odd] * place.count("{}")))
                if answer.status_code >= 500 or not any(words in _told(answer) for words in IN_WORDS):
                    wrong.append(f"{place} {odd[:9]} {who}: {answer.status_code}")
    assert wrong == []


@pytest.mark.slow
def test_odd_number_is_told_in_words_where_a_form_is_sent_to_it(firm: Firm) -> None:
    client, wrong = Client(raise_request_exception=False), []
    client.force_login(_people(firm)[-1])
    for place in _places():
        for odd in ODD[:2]:
            answer = client.post(place.format(*[odd] * place.count("{}")), {"reason": "agreed"})
            if answer.status_code >= 500 or not any(words in _told(answer) for words in IN_WORDS):
                wrong.append(f"{place} {odd[:9]}: {answer.status_code}")
    assert wrong == []


def test_odd_number_in_a_filter_of_a_list_is_no_error(firm: Firm) -> None:
    _something_to_filter(firm)
    root, wrong, tried = _people(firm)[-1], [], set()
    client = Client(raise_request_exception=False)
    client.force_login(root)
    for model, shown in admin.site._registry.items():
        place = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        request = RequestFactory().get(place)
        request.user = root
        specs = shown.get_changelist_instance(request).filter_specs
        for name in chain(OF_LISTS, *(each.expected_parameters() for each in specs)):
            tried.add((model, name))
            for odd in ("x", "²", NINES):
                answer = client.get(place, {str(name): odd})
                if answer.status_code >= 400:
                    wrong.append(f"{place} {name}={odd[:9]}: {answer.status_code}")
        for odd in ("x", "²", NINES):
            for action in ("delete_selected", odd):
                answer = client.post(place, {"action": action, "_selected_action": odd, "index": odd})
                if answer.status_code >= 500:
                    wrong.append(f"{place}: of {odd[:9]}, {action[:9]}: {answer.status_code}")
    assert wrong == []
    assert (PostingPeriod, "connection") in tried


def _something_to_filter(firm: Firm) -> None:
    for day in (1, 2):
        PostingPeriod.objects.create(
            connection=firm.connection, legal_entity=firm.germany, starts_on=f"2026-0{day}-01",
            ends_on=f"2026-0{day}-28", read_at=firm.item.first_seen,
        )  # fmt: skip


def test_number_is_read_only_as_it_is_written() -> None:
    assert [number_in(text) for text in ("0", "7", "12", "9" * 18)] == [0, 7, 12, 10**18 - 1]
    assert [text for text in (*ODD, "", None, "00", "+1", "9" * 19) if number_in(text) is not None] == []
