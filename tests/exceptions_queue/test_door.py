"""The door of the pages: who is signed out, what is no page, and what went wrong, each said in words."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of, url_of
from tests.routes.world import World

Make = Callable[..., World]


def test_form_sent_after_signing_out_leads_back_to_its_page(make_world: Make, staff: Staff, client: Client) -> None:
    item = zero_hours(make_world())
    answer = client.post(f"{url_of(item)}waivers/", {"reason": "written off"})
    assert (answer.status_code, answer.url) == (302, f"/login/?next={url_of(item)}")
    assert "You are signed out, so nothing was changed." in text_of(client.get(answer.url))


def test_part_of_a_page_sends_the_whole_page_to_the_sign_in(make_world: Make, staff: Staff, client: Client) -> None:
    item = zero_hours(make_world())
    answer = client.get(reverse("queue:technical", args=[item.number]), headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == f"/login/?next={url_of(item)}"


def test_address_of_a_form_is_no_page_and_says_so(make_world: Make, staff: Staff) -> None:
    item = zero_hours(make_world())
    answer = signed_in(staff.farid).get(f"{url_of(item)}waivers/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "This address is no page" in text_of(answer)
    assert f'href="{url_of(item)}"' in answer.content.decode()


def test_form_that_is_out_of_date_says_so(staff: Staff) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff.farid)  # type: ignore[arg-type]  # the staff are typed as objects
    answer = client.post("/queue/1/waivers/", {"reason": "x"})
    assert answer.status_code == 403
    assert "This form is out of date Nothing was changed." in text_of(answer)


def test_unforeseen_says_what_to_do(staff: Staff, monkeypatch: Any) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret 4711")

    monkeypatch.setattr("exceptions_queue.pages.items.rows_of", broken)
    client = signed_in(staff.farid)
    client.raise_request_exception = False
    answer = client.get(reverse("queue:items"))
    assert answer.status_code == 500
    assert "tell an operator what you did and when" in text_of(answer)
    assert "4711" not in text_of(answer)


def test_request_that_cannot_be_understood_says_so(client: Client, db: None) -> None:
    answer = client.get("/login/", headers={"host": "not..a..host"})
    assert answer.status_code == 400
    assert "This request cannot be understood" in text_of(answer)


@pytest.mark.parametrize("address", ["/nonsense/", "/runs/nonsense/", "/transactions/?run=nonsense"])
def test_page_that_is_not_there_says_so(staff: Staff, address: str) -> None:
    answer = signed_in(staff.farid).get(address)
    assert answer.status_code == 404
    assert "This is not here" in text_of(answer)
