"""The admin of people: rights in words, roles given and taken with a reason, accounts closed and opened, histories."""

import pytest
from django.test import Client

from governance import accounts, audit, reach
from governance.models import AuditEntry, RoleGrant, User
from governance.rights import NotAllowed, Role
from tests.door import Browser
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga() -> User:
    return person("Olga Petrenko", Role.OPERATOR, is_staff=True)


def signed_in(user: User) -> Client:
    client = Browser()
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
    form = {"user": olga.pk, "role": "controller", "legal_entity": "everywhere", "reason": "More"}

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
    everywhere = admin.post(page, {"role": "finance", "legal_entity": "everywhere", "reason": ""})

    assert "legal_entity" in foreign.context["form"].errors
    assert "legal_entity" in everywhere.context["form"].errors
    assert not RoleGrant.objects.filter(user=farid).exists()


def test_rights_are_told_by_company_and_role(olga: User) -> None:
    farid = person("Farid Amini", Role.FINANCE, company("HP-DE"))
    RoleGrant.objects.create(user=farid, role=Role.VIEWER, granted_by="engine:engine")

    told = reach.of(farid, olga)

    assert told.places == ["All companies", "HP-DE Halden & Partner GmbH"]
    lines = {line.right: line.by_place for line in told.lines}
    assert lines["Waive"] == ["", "Finance operations"]
    assert lines["See records and work items"] == ["Viewer", "Finance operations, Viewer"]
    assert lines["Approve configuration"] == ["", ""]
    page = signed_in(olga).get(f"/admin/governance/user/{farid.pk}/rights/").content.decode()
    assert "yes, as Finance operations" in page
    User.objects.filter(pk=farid.pk).update(password_set_by="person:1")
    assert not any(line.withheld for line in reach.of(User.objects.get(pk=farid.pk), olga).lines)
    clara = person("Clara Voss", Role.CONTROLLER)
    User.objects.filter(pk=clara.pk).update(password_set_by="person:1")
    withheld = [line for line in reach.of(User.objects.get(pk=clara.pk), olga).lines if line.withheld]
    assert "Approve configuration" in [line.right for line in withheld]
    assert all(any(line.by_place) for line in withheld)
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


def test_way_to_sign_in_is_asked_for_in_our_words(olga: User) -> None:
    admin, farid = signed_in(olga), person("Farid Amini")
    farid.set_password("quiet-harbour-3-lamps")
    farid.save()

    page = admin.get("/admin/governance/user/add/").content.decode()

    for shown in (page, admin.get(f"/admin/governance/user/{farid.pk}/password/").content.decode()):
        for alien in ("backend", "Single Sign-On", "authenticat", "LDAP"):
            assert alien not in shown, alien
    assert "comes in only through a provider" in page
    assert "Only through a provider" in page
    form = {"username": "mona", "usable_password": "false"}
    assert admin.post("/admin/governance/user/add/", form).status_code == 302
    assert not User.objects.get(username="mona").has_usable_password()


def test_nothing_is_chosen_before_somebody_does(olga: User) -> None:
    farid, admin = person("Farid Amini"), signed_in(olga)
    for page in (f"/admin/governance/user/{farid.pk}/roles/", "/admin/governance/rolegrant/add/"):
        assert admin.get(page).content.decode().count('<option value="" selected>Choose…</option>') == 2

        answer = admin.post(page, {"user": farid.pk, "role": "", "legal_entity": "", "reason": ""})

        assert set(answer.context["form"].errors) >= {"role", "legal_entity"}
    admin.post(page, {"user": farid.pk, "role": "viewer", "legal_entity": "everywhere"})
    assert list(farid.grants.values_list("role", "legal_entity")) == [("viewer", None)]


def test_operator_of_one_company_sees_no_roles_of_others() -> None:
    oscar = person("Oscar Brandt", Role.OPERATOR, company("HP-DE"), is_staff=True)
    ulf, everyone = person("Ulf Berg", Role.INTEGRATION_ADMIN, company("HP-US")), person("Eva Lang", Role.VIEWER)
    audit.record(by=ulf, verb="sign_in", thing=ulf, after={"address": "192.0.2.77"})
    admin, page = signed_in(oscar), f"/admin/governance/user/{ulf.pk}"

    shown = {name: admin.get(f"{page}/{name}/").content.decode() for name in ("change", "rights", "history", "roles")}
    listed = admin.get("/admin/governance/user/").content.decode()
    found = admin.get("/admin/governance/user/?grants__role__exact=integration_admin").content.decode()

    assert "HP-US" not in "".join(shown.values()) + listed
    assert "none in your companies" in listed
    assert "Viewer (all)" in listed, f"{everyone} has it here, too"
    assert "Ulf" not in found
    assert "192.0.2.77" not in shown["history"]
    assert "Designates whether" not in shown["change"]
    assert "set another one" not in shown["change"]
    assert "May look at the administration" in shown["change"]
    olga = person("Olga Petrenko", Role.OPERATOR, is_staff=True)
    all_seen = signed_in(olga)
    assert "Integration admin (HP-US)" in all_seen.get("/admin/governance/user/").content.decode()
    assert "192.0.2.77" in all_seen.get(f"{page}/history/").content.decode()
    assert "Designates whether" not in all_seen.get(f"/admin/governance/user/{olga.pk}/change/").content.decode()
