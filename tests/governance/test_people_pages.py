"""The admin of people: rights in words, roles given and taken with a reason, accounts closed and opened, histories."""

import pytest
from django.test import Client

from governance import accounts, reach
from governance.models import AuditEntry, RoleGrant, User
from governance.rights import NotAllowed, Role
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def static_root(settings, tmp_path) -> None:
    settings.STATIC_ROOT = tmp_path  # made by collectstatic before the hub serves; whitenoise warns without it


@pytest.fixture
def olga() -> User:
    return person("Olga Petrenko", Role.OPERATOR, is_staff=True)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_role_is_given_and_taken_from_a_persons_page_and_stands_in_the_history(olga: User) -> None:
    farid = person("Farid Amini")
    page, germany, admin = f"/admin/governance/user/{farid.pk}", company("HP-DE"), signed_in(olga)

    given = admin.post(f"{page}/roles/", {"role": "finance", "legal_entity": germany.pk, "reason": "Joins finance"})
    assert given.status_code == 302
    grant = RoleGrant.objects.get(user=farid)
    admin.post(f"{page}/role-endings/", {"held": grant.pk, "reason": "Moves to audit"})

    assert not RoleGrant.objects.filter(user=farid).exists()
    history = admin.get(f"{page}/history/").content.decode()
    for words in ("Role given", "Role taken", "Joins finance", "Moves to audit", "Olga Petrenko"):
        assert words in history


def test_nobody_raises_their_own_rights(olga: User) -> None:
    admin, page = signed_in(olga), f"/admin/governance/user/{olga.pk}"
    form = {"user": olga.pk, "role": "controller", "legal_entity": "", "reason": "More"}

    answers = [admin.post(f"{page}/roles/", form), admin.post("/admin/governance/rolegrant/add/", form)]

    assert all(answer.status_code == 403 for answer in answers)
    assert "Ask another operator" in answers[1].content.decode()
    assert list(RoleGrant.objects.values_list("role", flat=True)) == ["operator"]
    own = RoleGrant.objects.get()
    taken = admin.post(f"{page}/role-endings/", {"held": own.pk, "reason": "Less"})
    assert taken.status_code == 403
    assert RoleGrant.objects.exists()


def test_role_is_not_taken_without_a_reason(olga: User) -> None:
    farid = person("Farid Amini", Role.FINANCE)
    grant, admin, roles = RoleGrant.objects.get(user=farid), signed_in(olga), "/admin/governance/rolegrant/"

    page = admin.get(roles).content.decode()
    admin.post(roles, {"action": "delete_selected", "_selected_action": [grant.pk], "post": "yes"})
    alone = admin.post(f"{roles}{grant.pk}/delete/", {"post": "yes"})
    empty = admin.post(f"/admin/governance/user/{farid.pk}/role-endings/", {"held": grant.pk, "reason": " "})

    assert str(farid) in page
    assert "delete_selected" not in page
    assert alone.status_code == 403
    assert "reason" in empty.context["form"].errors
    assert RoleGrant.objects.filter(pk=grant.pk).exists()


def test_operator_of_one_company_gives_roles_there_only() -> None:
    germany, britain = company("HP-DE"), company("HP-GB")
    local = person("Olga Petrenko", Role.OPERATOR, germany, is_staff=True)
    farid, admin = person("Farid Amini"), signed_in(local)
    page = f"/admin/governance/user/{farid.pk}/roles/"

    foreign = admin.post(page, {"role": "finance", "legal_entity": britain.pk, "reason": ""})
    everywhere = admin.post(page, {"role": "finance", "legal_entity": "", "reason": ""})

    assert "legal_entity" in foreign.context["form"].errors
    assert everywhere.status_code == 403
    assert not RoleGrant.objects.filter(user=farid).exists()


def test_rights_are_told_by_company_and_role(olga: User) -> None:
    farid = person("Farid Amini", Role.FINANCE, company("HP-DE"))
    RoleGrant.objects.create(user=farid, role=Role.VIEWER, granted_by="engine:engine")

    told = reach.of(farid)

    assert told.places == ["All companies", "HP-DE Halden & Partner GmbH"]
    lines = {line.right: line.by_place for line in told.lines}
    assert lines["Waive"] == ["", "Finance operations"]
    assert lines["See records and work items"] == ["Viewer", "Finance operations, Viewer"]
    assert lines["Approve configuration"] == ["", ""]
    page = signed_in(olga).get(f"/admin/governance/user/{farid.pk}/rights/").content.decode()
    assert "yes, as Finance operations" in page
    assert signed_in(farid).get(f"/admin/governance/user/{farid.pk}/rights/").status_code in (302, 403)


def test_account_is_closed_and_opened_with_a_reason_and_sessions_end(olga: User) -> None:
    farid = person("Farid Amini", Role.FINANCE)
    his, admin, page = signed_in(farid), signed_in(olga), f"/admin/governance/user/{farid.pk}"

    assert admin.post(f"{page}/closings/", {"reason": ""}).status_code == 422
    admin.post(f"{page}/closings/", {"reason": "Has left the firm"})

    farid.refresh_from_db()
    assert not farid.is_active
    assert his.get("/queue/").status_code == 302
    assert "closed: nobody can sign in" in admin.get(f"{page}/change/").content.decode()
    admin.post(f"{page}/openings/", {"reason": "Is back"})
    farid.refresh_from_db()
    assert farid.is_active
    assert set(AuditEntry.objects.values_list("verb", "reason")) >= {
        ("close_account", "Has left the firm"), ("open_account", "Is back"),
    }  # fmt: skip


def test_closing_asks_for_rights_and_never_ones_own_account(olga: User) -> None:
    viktor, root = person("Viktor Lang", Role.VIEWER), person("Clara Voss", is_superuser=True)
    for account, by in ((olga, viktor), (olga, olga), (root, olga)):
        with pytest.raises(NotAllowed):
            accounts.close(account, by=by, reason="no")
    with pytest.raises(NotAllowed, match="Say why"):
        accounts.close(viktor, by=olga, reason=" ")


def test_page_of_a_person_shows_no_hash_and_no_switch_for_oneself(olga: User) -> None:
    olga.set_password("a long pass phrase")
    olga.save()
    page = signed_in(olga)
    page.force_login(olga)

    body = page.get(f"/admin/governance/user/{olga.pk}/change/").content.decode()

    assert "salt" not in body
    assert 'name="is_staff"' not in body
    assert "Second factor" in body
    assert 'name="is_active"' not in body


def test_list_of_people_asks_a_constant_number_of_queries(olga: User, django_assert_max_num_queries) -> None:
    for number in range(12):
        person(f"Person{number} Amini", Role.FINANCE, company("HP-DE"))
    admin = signed_in(olga)
    with django_assert_max_num_queries(16):
        assert "Finance operations (HP-DE)" in admin.get("/admin/governance/user/").content.decode()
