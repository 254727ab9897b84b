"""The secret of a client of the API: on a page of its own, this once, with nothing beside it that makes another."""

import re

import pytest
from django.test import Client

from governance import clients
from governance.actor import ENGINE
from governance.api.scopes import reach
from governance.models import ApiClient, LegalEntity

LIST = "/admin/governance/apiclient/"


def test_secret_stands_alone_and_once(operator: Client) -> None:
    answer = operator.post(f"{LIST}add/", {"name": "Time tool", "scopes": ["process:read"]})
    made = ApiClient.objects.get()
    first = only_secret(answer.content.decode(), made)
    assert "no-store" in answer["Cache-Control"]
    assert first not in operator.get(f"{LIST}{made.pk}/change/").content.decode()

    again = operator.post(f"{LIST}{made.pk}/secrets/", {"reason": "it was lost"})
    second = only_secret(again.content.decode(), made)
    assert second != first
    assert ApiClient.objects.count() == 1


def only_secret(page: str, client: ApiClient) -> str:
    """Return the secret on its page, which has no button of the deed any more and tells who the client is."""
    content = page.partition(client.client_id)[2]
    assert content
    assert "<button" not in content.partition("Go on to the client")[0]
    (found,) = re.findall(r"<code[^>]*>([A-Za-z0-9]{100,})</code>", content)
    return str(found)


def test_what_is_wrong_comes_back_at_its_field_with_what_was_typed(operator: Client) -> None:
    answer = operator.post(f"{LIST}add/", {"name": "Time tool", "scopes": ["process:read"], "requests_per_minute": "0"})
    assert "requests_per_minute" in answer.context["form"].errors
    assert 'value="Time tool"' in answer.content.decode()
    assert not ApiClient.objects.exists()


@pytest.mark.django_db
def test_clients_whose_names_have_no_latin_letters_are_told_apart() -> None:
    made = [clients.register(name=name, scopes=["process:read"], by=ENGINE)[0] for name in ("時間", "日付", "!!", "??")]
    accounts = [str(each.user) for each in made]
    assert len(set(accounts)) == 4
    with pytest.raises(ValueError, match="There is a client called 時間 already"):
        clients.register(name="時間", scopes=["process:read"], by=ENGINE)


def test_client_of_a_company_that_is_gone_stays_kept_to_it(operator: Client) -> None:
    LegalEntity.objects.create(code="HP-GB", name="Halden & Partner Ltd", country="GB", currency="GBP")
    given = ["entity:HP-GB", "process:read"]
    made, _ = clients.register(name="Time tool", scopes=given, by=ENGINE)
    LegalEntity.objects.filter(code="HP-GB").update(code="HP-UK")

    page = f"{LIST}{made.pk}/changes/"
    form = operator.get(page).context["form"]
    assert [name for name, _ in form.fields["scopes"].choices if form["scopes"].initial.count(name)] == given
    assert "HP-GB only, a company that is not there any more" in str(form)
    seen = re.search(r'name="_seen" value="([^"]+)"', operator.get(page).content.decode())
    assert seen
    sent = {"scopes": given, "enabled": "on", "requests_per_minute": "90", "_seen": seen[1]}
    assert operator.post(page, sent).status_code == 302

    made.refresh_from_db()
    assert (made.scopes, made.requests_per_minute) == (given, 90)
    assert reach(made.scopes, made) == frozenset()
    with pytest.raises(ValueError, match="There is no scope entity:HP-GB"):
        clients.register(name="Another", scopes=given, by=ENGINE)
