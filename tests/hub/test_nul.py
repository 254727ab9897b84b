"""The character NUL in an address, a parameter or a form: refused in words, at one place, wherever it is sent."""

import base64

import pytest
from django.test import Client

from governance.models import User
from governance.roles import Role
from tests.governance.people import person

PAGES = [
    "/transactions/?key=%00", "/transactions/?key=TE-1%00&state=failed", "/transactions/?run=%00", "/runs/?route=%00",
    "/queue/?text=%00&q=%00", "/queue/?%00=1", "/login/?next=%00", "/admin/governance/user/?q=%00",
    "/admin/connectors/connection/%00/change/",
]  # fmt: skip


@pytest.fixture
def client(db: None) -> Client:
    """Return a browser of a superuser, which shows an unforeseen error as a page, as people would see it."""
    made = Client(raise_request_exception=False)
    root = User.objects.create_superuser("root", password="a long walk by the sea")
    made.force_login(root)
    return made


@pytest.mark.parametrize("address", PAGES)
def test_nul_in_an_address_is_refused_in_words(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 400
    assert "holds the character NUL" in answer.content.decode()


@pytest.mark.parametrize("address", ["/login/", "/queue/1/correction/", "/admin/login/"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_nul_in_a_form_is_refused_in_words(client: Client, address: str, kind: str) -> None:
    part = '--x\r\nContent-Disposition: form-data; name="username"\r\n\r\na\x00b\r\n--x--\r\n'
    body = part if kind.startswith("multipart") else "username=a%00b&password=c"
    answer = client.generic("POST", address, body, content_type=kind)
    assert answer.status_code == 400
    assert "holds the character NUL" in answer.content.decode()


def test_nul_at_the_api_is_a_problem(client: Client) -> None:
    answer = client.get("/api/process/v1/events/0190f3d0-0000-7000-8000-000000000000?key=%00")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert "NUL" in answer.json()["detail"]


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


RUNS = "/api/process/v1/runs"
HEADERS = [
    ("Authorization", basic("a\0b:c")), ("Authorization", basic("a:b\0c")), ("Authorization", "Bearer a\0b"),
    ("authorization", basic("a\0b:c").replace("Basic", "basic")), ("Cookie", "sessionid=aaaaaaaa\0bbbbbbbb"),
    ("Authorization", basic("a\0b:c").replace(" ", "\t")), ("Authorization", basic("a\0b:c") + "\xe9"),
    ("Cookie", 'sessionid="aaaaaaaa\\000bbbbbbbb"'), ("Cookie", 'csrftoken="aaaaaaaa\\000bbbbbbbb"'),
    ("Cookie", 'messages="a\\000b"'), ("User-Agent", "a\0b"), ("X-Forwarded-For", "a\0b"), ("Referer", "/a\0b"),
    ("X-Request-ID", "a\0b"), ("X-CSRFToken", "a\0b"), ("Idempotency-Key", "a\0b"), ("If-Match", '"a\0b"'),
    ("Accept", "a\0b"), ("Accept-Language", "a\0b"), ("HX-Current-URL", "/a\0b"),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "value"), HEADERS)
@pytest.mark.parametrize("address", [RUNS, "/runs/", "/login/", "/admin/", "/hooks/harvest/time_entries", "/nowhere/"])
def test_nul_in_a_header_is_refused(address: str, name: str, value: str) -> None:
    answer = Client(raise_request_exception=False).get(address, headers={name: value})
    assert answer.status_code == 400
    if address.startswith(("/api/", "/hooks/")):
        assert answer.headers["Content-Type"] == "application/problem+json"
    else:
        assert "holds the character NUL" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/oauth/token/", "/oauth/revoke_token/"])
@pytest.mark.parametrize("header", ["a%00b:c", "a:b%00c", "a\0b:c", "a:%00"])
def test_nul_of_a_program_that_asks_for_a_token_is_refused_in_its_form(address: str, header: str) -> None:
    asker = Client(raise_request_exception=False)
    answer = asker.post(address, {"grant_type": "client_credentials"}, headers={"Authorization": basic(header)})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    answer = asker.post(address, {"grant_type": "client_credentials", "client_id": "a\0b", "client_secret": "c"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.django_db
def test_name_and_password_that_spell_a_percent_sign_go_on() -> None:
    User.objects.create_user("a%00b", password="c%00d")
    assert Client().get(RUNS, headers={"Authorization": basic("a%00b:c%00d")}).status_code == 200
    assert Client().get(RUNS, headers={"Authorization": "Basic !!!"}).status_code == 401


def test_addresses_and_forms_without_nul_go_on(client: Client) -> None:
    assert client.get("/transactions/?key=TE-1").status_code == 200
    person("Farid Amini", Role.FINANCE)
    assert client.post("/login/", {"username": "nobody", "password": "wrong"}).status_code in (200, 302)
