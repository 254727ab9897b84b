"""Who comes into the administration: by a role that has work there, or because the account says so."""

import pytest
from django.test import Client

from governance.models import RoleGrant
from governance.rights import Role, opens_administration
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "opens"),
    [
        (Role.INTEGRATION_ADMIN, True), (Role.CONTROLLER, True), (Role.OPERATOR, True),
        (Role.FINANCE, False), (Role.VIEWER, False), (None, False),
    ],
)  # fmt: skip
def test_role_alone_opens_it_where_it_has_work_there(role: Role | None, opens: bool) -> None:
    client = signed_in(person("Ingrid Solheim", role, company("HP-DE") if role else None))
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == (200 if opens else 403)
    assert ('href="/admin/"' in client.get("/").content.decode()) is opens


@pytest.mark.parametrize("more", [{"is_staff": True}, {"is_superuser": True}])
def test_account_opens_it_whatever_its_roles(more: dict[str, bool]) -> None:
    assert signed_in(person("Farid Amini", Role.FINANCE, **more)).get("/admin/").status_code == 200


def test_closed_account_and_nobody_are_kept_out() -> None:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN, is_active=False, is_staff=True)
    assert not opens_administration(ingrid)
    assert Client().get("/admin/").status_code == 302


def test_who_is_kept_out_reads_what_would_open_it_in_the_words_of_the_form() -> None:
    refused = text_of(signed_in(person("Farid Amini", Role.FINANCE)).get("/admin/", follow=True))
    olga, nora = person("Olga Petrenko", Role.OPERATOR), person("Nora Without")
    form = text_of(signed_in(olga).get(f"/admin/governance/user/{nora.pk}/change/"))
    for words in (refused, form):
        assert "May look at the administration" in words
        assert "taff status" not in words
    assert "The roles Integration admin, Controller and Operator open it by themselves." in form


def test_role_that_is_given_opens_it_and_history_says_the_forms_words() -> None:
    olga, nora = person("Olga Petrenko", Role.OPERATOR), person("Nora Without")
    client = signed_in(nora)
    assert client.get("/admin/").status_code == 302
    RoleGrant.objects.create(user=nora, role=Role.INTEGRATION_ADMIN, granted_by="engine:engine")
    assert client.get("/admin/").status_code == 200
    sent = {"username": "nora", "first_name": "Nora", "last_name": "Without", "is_staff": "on"}
    admin = signed_in(olga)
    form = admin.get(f"/admin/governance/user/{nora.pk}/change/").context["adminform"].form
    sent |= {name: form[name].value() for name in form.fields if name not in sent and form[name].value() is not None}
    assert admin.post(f"/admin/governance/user/{nora.pk}/change/", sent).status_code == 302
    assert "May look at the administration" in text_of(admin.get(f"/admin/governance/user/{nora.pk}/history/"))
