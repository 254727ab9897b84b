"""What was written while somebody else had what opens an account stays theirs, too, once a third has vouched."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from exceptions_queue import policies
from exceptions_queue.models import ApprovalPolicy, Deed
from governance import passwords, second_person
from governance.models import LegalEntity, RoleGrant, User
from governance.models.keyholder import Keyholder
from governance.rights import NotAllowed, Role
from governance.same_person import MARGIN, makers
from mappings import deleting, loosening, tables
from mappings.models import Approval, LookupTable
from mappings.tables import NewRow
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
WHY = {"reason": "agreed with the board"}


@pytest.fixture
def olga() -> User:
    """Return somebody who manages users, and approves."""
    made = person("Olga Petrenko", Role.OPERATOR, is_staff=True)
    for role in (Role.CONTROLLER, Role.INTEGRATION_ADMIN):
        RoleGrant.objects.create(user=made, role=role, granted_by="engine:engine")
    return made


@pytest.fixture
def ingrid() -> User:
    return person("Ingrid Solheim", Role.INTEGRATION_ADMIN)


@pytest.fixture
def table(ingrid: User) -> LookupTable:
    made = tables.create_table(
        name="bill_rates", title="Rates", key_columns=["role"], value_columns={"rate": "money"}, by=ingrid,
        approval=Approval.ALWAYS,
    )  # fmt: skip
    add(made, ingrid, "Analyst")
    tables.approve_rows(made, [row.pk for row in made.rows.all()], by=person("Dora Brandt", Role.CONTROLLER))
    return made


def add(table: LookupTable, by: User, role: str = "Principal") -> list[int]:
    return [row.pk for row in tables.add_rows(table, [NewRow((role,), {"rate": "250.00"})], by=by).waiting]


def vouched(olga: User, account: User, do: Callable[[User], Any]) -> Any:
    """Return what is done from an account as which somebody can act, until a third person has vouched for it."""
    passwords.was_set(account, by=olga)
    done = do(User.objects.get(pk=account.pk))
    passwords.was_set(account, by=account)
    passwords.vouch(account, by=person("Clara Voss", Role.CONTROLLER), reason="we spoke")
    assert User.objects.get(pk=account.pk).credentials_set_by == []
    past()
    return done


def past() -> None:
    """Let what has been so far lie further back than clocks can differ."""
    with connection.cursor() as cursor:
        for model, column in (("keyholder", "since"), ("keyholder", "until")):
            cursor.execute(f"UPDATE governance_{model} SET {column} = {column} - %s", [3 * MARGIN])


def test_row_that_was_proposed_meanwhile_is_not_approved_by_who_was_behind_it(
    olga: User, ingrid: User, table: LookupTable
) -> None:
    rows: list[int] = []

    def propose(by: User) -> None:
        rows.extend(add(table, by))

    passwords.was_set(ingrid, by=olga)
    propose(User.objects.get(pk=ingrid.pk))
    passwords.was_set(ingrid, by=ingrid)
    passwords.vouch(ingrid, by=person("Clara Voss", Role.CONTROLLER), reason="we spoke")

    with pytest.raises(NotAllowed, match="A row of Rates cannot be approved"):
        tables.approve_rows(table, rows, by=olga)
    past()
    after = add(table, ingrid, "Partner")
    assert len(tables.approve_rows(table, after, by=olga).in_force) == 1


def test_deletion_that_was_asked_for_meanwhile_is_not_agreed_to_by_who_was_behind_it(
    olga: User, ingrid: User, table: LookupTable
) -> None:
    passwords.was_set(ingrid, by=olga)
    deleting.delete_table(table, by=User.objects.get(pk=ingrid.pk), **WHY)
    passwords.was_set(ingrid, by=ingrid)
    passwords.vouch(ingrid, by=person("Clara Voss", Role.CONTROLLER), reason="we spoke")
    with pytest.raises(NotAllowed, match="The deletion of Rates"):
        deleting.agree_to_deletion(table, by=olga)


def test_who_was_behind_a_loosening_stays_bound_by_it(olga: User, ingrid: User, table: LookupTable) -> None:
    germany = company("HP-DE")
    second_person.ask(germany, by=ingrid)
    policy = ApprovalPolicy.objects.create(name="Large", deeds=[Deed.WAIVE.value], is_on=True)

    def loosen(by: User) -> Any:
        second_person.ask_no_more(germany, by=by, **WHY)
        table.approval = Approval.AT_ONCE
        loosening.remember(table, (Approval.ALWAYS, "", None), by=by, **WHY)
        table.save()
        return policies.was_changed(policy, None, by=by)

    loosened = vouched(olga, ingrid, loosen)
    people = {f"person:{each.pk}" for each in (olga, ingrid)}
    assert set(LegalEntity.objects.get(pk=germany.pk).loosened_by) == people
    assert set(LookupTable.objects.get(pk=table.pk).loosened_by) == people
    Keyholder.objects.update(until=timezone.now())
    with pytest.raises(NotAllowed, match="asks for less"):
        policies.agree(loosened, by=olga)
    policy.delete()
    assert [each.name for each in policies.asking(Deed.WAIVE, germany.pk, olga)] == ["Large"]


def test_who_had_what_opens_an_account_is_kept_with_its_time(olga: User, ingrid: User) -> None:
    reference, other = f"person:{ingrid.pk}", f"person:{olga.pk}"
    before = timezone.now() - 2 * MARGIN
    User.objects.filter(pk=ingrid.pk).update(credentials_set_by=[other, "person:0"])
    User.objects.filter(pk=ingrid.pk).update(credentials_set_by=[other])
    User.objects.filter(pk=ingrid.pk).update(first_name="Ingrid")
    [mine] = Keyholder.objects.filter(account=ingrid, until=None)
    assert (mine.reference, Keyholder.objects.count()) == (other, 2)
    now = mine.since
    assert makers((reference, before)) == [reference]
    assert makers((reference, now), ("engine:engine", now), (None, None)) == [
        reference,
        "engine:engine",
        other,
        "person:0",
    ]
    User.objects.filter(pk=ingrid.pk).update(credentials_set_by=[])
    assert makers((reference, now + timedelta(hours=1))) == [reference]
    User.objects.filter(pk=ingrid.pk).update(credentials_set_by=[other])  # again: a time of its own
    assert Keyholder.objects.filter(account=ingrid, reference=other).count() == 2


def test_what_no_person_has_made_asks_no_database(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert makers(("engine:engine", timezone.now()), ("rule:x", timezone.now())) == ["engine:engine", "rule:x"]
