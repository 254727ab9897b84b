"""A mapping in the admin: written, tried on samples, submitted, approved by another person, published, compared."""

from typing import Any

import pytest
from django.test import Client

from governance.models import Version
from governance.rights import Role
from mappings import shipped
from mappings.models import Mapping
from tests.governance.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def static_root(settings: Any, tmp_path: Any) -> None:
    settings.STATIC_ROOT = tmp_path  # made by collectstatic before the hub serves; whitenoise warns without it


@pytest.fixture
def page() -> str:
    """Return the address of Harvest's clients."""
    shipped.install()
    return f"/admin/mappings/mapping/{Mapping.objects.get(key='harvest.clients').pk}"


def signed_in(name: str, role: Role) -> Client:
    client = Client()
    client.force_login(person(name, role, is_staff=True))
    return client


def yaml_of(client: Client, page: str) -> str:
    return str(client.get(f"{page}/drafts/").context["form"].initial["content"])


def test_draft_goes_all_the_way_to_publication_by_two_people(page: str) -> None:
    ingrid, clara = signed_in("Ingrid Solheim", Role.INTEGRATION_ADMIN), signed_in("Clara Voss", Role.CONTROLLER)
    before = yaml_of(ingrid, page)
    assert before.startswith("name: "), "in the order in which people write"
    changed = "name: As agreed in November\n" + before.split("\n", 1)[1]

    assert ingrid.post(f"{page}/drafts/", {"content": changed, "note": "says why"}).status_code == 302
    assert ingrid.post(f"{page}/submissions/", {"reason": "please look"}).status_code == 302
    assert ingrid.post(f"{page}/approvals/", {"reason": ""}).status_code == 403
    assert "+name: As agreed in November" in clara.get(f"{page}/approvals/").content.decode()
    assert clara.post(f"{page}/approvals/", {"reason": ""}).status_code == 302
    assert ingrid.post(f"{page}/publications/", {"reason": ""}).status_code == 302

    published = Version.objects.of("mapping", "harvest.clients").in_force().get()
    assert (published.number, published.content["name"]) == (2, "As agreed in November")
    assert "says why" not in ingrid.get(f"{page}/comparisons/").content.decode(), "the note was replaced when submitted"


def test_mapping_with_mistakes_is_refused_with_every_line_and_what_was_typed_stays(page: str) -> None:
    ingrid = signed_in("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    wrong = yaml_of(ingrid, page).replace("fields:", "colour: red\nfields:", 1) + "\nrules:\n- {name: a, check: '('}\n"

    answer = ingrid.post(f"{page}/drafts/", {"content": wrong})

    problems = answer.context["form"].non_field_errors()
    assert answer.status_code == 422
    assert len(problems) >= 3
    assert "colour" in str(problems)
    assert "colour: red" in answer.content.decode()
    assert Version.objects.of("mapping", "harvest.clients").count() == 1


def test_trial_shows_before_after_and_problems_and_keeps_nothing(page: str) -> None:
    ingrid = signed_in("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    form = ingrid.get(f"{page}/trials/").context["form"]
    assert '"clients"' not in form.initial["samples"], "the records, without what the reply wraps them in"

    answer = ingrid.post(f"{page}/trials/", {name: form.initial[name] for name in ("content", "samples")})

    assert answer.status_code == 200
    words = answer.content.decode()
    assert "Before" in words
    assert "After" in words
    assert "customer_codes" in words, "a problem names the table that lacks the row"
    assert Version.objects.of("mapping", "harvest.clients").count() == 1
    unread = ingrid.post(f"{page}/trials/", {"content": form.initial["content"], "samples": "{nonsense"})
    assert "not readable as JSON" in unread.content.decode()


def test_viewer_compares_and_writes_nothing(page: str) -> None:
    viktor = signed_in("Viktor Lang", Role.VIEWER)

    assert viktor.get(f"{page}/comparisons/").status_code == 200
    assert "/drafts/" not in viktor.get(f"{page}/change/").content.decode()
    assert viktor.post(f"{page}/drafts/", {"content": "x"}).status_code == 403
    assert viktor.post(f"{page}/trials/", {"content": "x", "samples": "[]"}).status_code == 403
