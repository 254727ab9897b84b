"""A mapping in the admin: written, tried on samples, submitted, approved by another person, published, compared."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance import versions
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


def approved(page: str, ingrid: Client, clara: Client, name: str) -> None:
    """Bring a changed mapping to where it may be published."""
    changed = f"name: {name}\n" + yaml_of(ingrid, page).split("\n", 1)[1]
    assert ingrid.post(f"{page}/drafts/", {"content": changed, "note": name}).status_code == 302
    assert ingrid.post(f"{page}/submissions/", {"reason": name}).status_code == 302
    assert clara.post(f"{page}/approvals/", {"reason": ""}).status_code == 302


def states() -> list[tuple[int, str]]:
    return list(Version.objects.of("mapping", "harvest.clients").values_list("number", "state"))


def test_version_is_published_at_a_later_time_and_not_before(page: str) -> None:
    ingrid, clara = signed_in("Ingrid Solheim", Role.INTEGRATION_ADMIN), signed_in("Clara Voss", Role.CONTROLLER)
    approved(page, ingrid, clara, "For the new year")
    later = timezone.now() + timedelta(days=3)

    past = ingrid.post(f"{page}/publications/", {"at": "2020-01-01T06:00", "reason": ""})
    assert past.status_code == 422
    assert "has passed" in past.content.decode()
    answer = ingrid.post(f"{page}/publications/", {"at": f"{later:%Y-%m-%dT%H:%M}", "reason": ""}, follow=True)

    assert f"published by itself on {later:%Y-%m-%d at %H:%M} (UTC)" in answer.content.decode()
    assert f"from {later:%Y-%m-%d %H:%M}" in ingrid.get(f"{page}/comparisons/").content.decode()
    assert states() == [(2, "approved"), (1, "published")]
    versions.publish_due(now=later + timedelta(minutes=1))
    assert states() == [(2, "published"), (1, "retired")]


def test_version_that_waits_for_its_time_is_withdrawn_and_is_a_draft_again(page: str) -> None:
    ingrid, clara = signed_in("Ingrid Solheim", Role.INTEGRATION_ADMIN), signed_in("Clara Voss", Role.CONTROLLER)
    approved(page, ingrid, clara, "For the new year")
    ingrid.post(f"{page}/publications/", {"at": f"{timezone.now() + timedelta(days=3):%Y-%m-%dT%H:%M}", "reason": ""})

    assert clara.post(f"{page}/withdrawals/", {"reason": "no"}).status_code == 403
    assert ingrid.post(f"{page}/withdrawals/", {"reason": "not yet agreed"}).status_code == 302

    row = Version.objects.of("mapping", "harvest.clients").get(number=2)
    assert (row.state, row.publish_at, row.approved_by) == ("draft", None, None)


def test_approved_version_is_not_hidden_by_a_draft_above_it(page: str) -> None:
    ingrid, clara = signed_in("Ingrid Solheim", Role.INTEGRATION_ADMIN), signed_in("Clara Voss", Role.CONTROLLER)
    approved(page, ingrid, clara, "Agreed")
    assert ingrid.post(f"{page}/drafts/", {"content": yaml_of(ingrid, page), "note": "the next"}).status_code == 302

    assert "/publications/" in ingrid.get(f"{page}/change/").content.decode()
    assert ingrid.post(f"{page}/publications/", {"reason": ""}).status_code == 302
    assert states() == [(3, "draft"), (2, "published"), (1, "retired")]


def test_earlier_version_is_rolled_back_to_by_those_who_publish(page: str) -> None:
    ingrid, clara = signed_in("Ingrid Solheim", Role.INTEGRATION_ADMIN), signed_in("Clara Voss", Role.CONTROLLER)
    first = yaml_of(ingrid, page).split("\n", 1)[0]
    assert ingrid.get(f"{page}/rollbacks/").status_code == 403, "nothing was in force before"
    for name in ("Second", "Third"):
        approved(page, ingrid, clara, name)
        ingrid.post(f"{page}/publications/", {"reason": ""})

    assert "../rollbacks/?version=1" in ingrid.get(f"{page}/comparisons/").content.decode()
    assert "../rollbacks/" not in clara.get(f"{page}/comparisons/").content.decode()
    assert f"+{first}" in ingrid.get(f"{page}/rollbacks/?version=1").content.decode()
    assert clara.post(f"{page}/rollbacks/?version=1", {"reason": "no"}).status_code == 403
    assert ingrid.post(f"{page}/rollbacks/?version=1", {"reason": ""}).status_code == 422, "needs a reason"
    assert ingrid.post(f"{page}/rollbacks/?version=1", {"reason": "hours were wrong"}).status_code == 302

    assert states() == [(4, "published"), (3, "retired"), (2, "retired"), (1, "retired")]
    assert yaml_of(ingrid, page).startswith(first)


def test_published_version_is_taken_out_of_force_with_a_reason(page: str) -> None:
    ingrid = signed_in("Ingrid Solheim", Role.INTEGRATION_ADMIN)

    assert "a work item says so" in ingrid.get(f"{page}/retirements/").content.decode()
    assert ingrid.post(f"{page}/retirements/", {"reason": ""}).status_code == 422
    assert ingrid.post(f"{page}/retirements/", {"reason": "no longer used"}).status_code == 302
    assert states() == [(1, "retired")]


def test_mappings_page_asks_the_same_queries_for_few_and_many_versions(page: str) -> None:
    ingrid, clara = signed_in("Ingrid Solheim", Role.INTEGRATION_ADMIN), signed_in("Clara Voss", Role.CONTROLLER)
    counts: dict[str, list[int]] = {}
    for name in ("Second", "Third", "Fourth"):
        approved(page, ingrid, clara, name)
        ingrid.post(f"{page}/publications/", {"reason": ""})
        for address in ("change", "comparisons", "rollbacks"):
            ContentType.objects.clear_cache()
            with CaptureQueriesContext(connection) as queries:
                ingrid.get(f"{page}/{address}/")
            counts.setdefault(address, []).append(len(queries))
    assert all(len(set(found)) == 1 for found in counts.values()), counts
    assert counts["comparisons"][0] <= 20, counts
    assert counts["change"][0] <= 45, counts
