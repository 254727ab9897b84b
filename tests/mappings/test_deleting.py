"""A lookup table is deleted by a verb: at once or by two, under no mapping in force; its rows stay readable."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError
from django.urls import reverse

from exceptions_queue.models import Yardstick
from governance import versions
from governance.actor import ENGINE
from governance.models import AuditEntry, User
from governance.rights import NotAllowed, Role
from mappings import compile_mapping
from mappings.batch import run_batch
from mappings.defining import define_table
from mappings.deleting import CannotDelete, agree_to_deletion, delete_table, keep_table
from mappings.locking import TableGone
from mappings.models import Approval, LookupTable, Mapping
from mappings.tables import NewRow, add_rows, create_table
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
WHY = "No mapping reads it any more."


def table(approval: str = Approval.AT_ONCE, rate: str = "145.00", **more: Any) -> LookupTable:
    made = create_table(
        name="bill_rates", title="Rate card", key_columns=["role"], value_columns={"rate": "money"}, by=ENGINE, **more
    )
    add_rows(made, [NewRow(("Consultant",), {"rate": rate})], by=ENGINE)
    LookupTable.objects.filter(pk=made.pk).update(approval=approval)
    made.refresh_from_db()
    return made


def reading(formula: str = 'LOOKUP("bill_rates.rate", role)', title: str = "Time to rates") -> dict[str, Any]:
    return {
        "name": title, "from": {"entity": "time_entry"}, "to": {"system": "odoo", "stream": "timesheets"},
        "fields": [{"to": "rate", "formula": formula}],
    }  # fmt: skip


def in_force(content: dict[str, Any], **more: Any) -> Mapping:
    title = content["name"]
    mapping = Mapping.objects.create(key=f"m.{title[:4].lower()}", title=title, source="s", target="t", **more)
    draft = versions.draft(kind="mapping", object_key=mapping.key, content=content, by=ENGINE, **more)
    versions.approve_alone(draft, by=ENGINE)
    versions.publish(draft, by=ENGINE)
    return mapping


@pytest.fixture
def ingrid() -> User:
    return person("Ingrid Solheim", Role.INTEGRATION_ADMIN)


@pytest.fixture
def clara() -> User:
    return person("Clara Voss", Role.CONTROLLER)


def test_table_is_deleted_at_once_where_its_rows_count_at_once(ingrid: User) -> None:
    made = table()

    gone = delete_table(made, by=ingrid, reason=WHY)

    assert gone.deleted_at is not None
    assert not LookupTable.objects.exists()
    assert [(row.recorded_to is None, row.values) for row in made.rows.all()] == [(False, {"rate": "145.00"})]
    entry = AuditEntry.objects.get(verb="delete")
    assert (entry.actor_name, entry.reason) == ("Ingrid Solheim", WHY)
    assert table().pk != made.pk  # its name is free


def test_deleting_needs_a_reason_the_right_and_a_table_that_is_there(ingrid: User) -> None:
    made = table()
    with pytest.raises(CannotDelete, match="needs a reason"):
        delete_table(made, by=ingrid, reason=" ")
    with pytest.raises(NotAllowed):
        delete_table(made, by=person("Farid Amini", Role.FINANCE), reason=WHY)
    delete_table(made, by=ingrid, reason=WHY)
    with pytest.raises(TableGone, match="has deleted Rate card meanwhile"):
        delete_table(made, by=ingrid, reason=WHY)
    with pytest.raises(TableGone):
        add_rows(made, [NewRow(("Partner",), {"rate": "300"})], by=ingrid)


@pytest.mark.parametrize("approval", [Approval.ALWAYS, Approval.ABOVE_AMOUNT])
def test_table_that_wants_two_for_its_rows_wants_two_for_its_end(approval: str, ingrid: User, clara: User) -> None:
    made = table()
    LookupTable.objects.filter(pk=made.pk).update(
        approval=approval, approval_column="rate", approval_amount=100
    )  # fmt: skip

    waiting = delete_table(made, by=ingrid, reason=WHY)

    assert waiting.deleted_at is None
    with pytest.raises(CannotDelete, match="waits for a second person already"):
        delete_table(made, by=ingrid, reason=WHY)
    with pytest.raises(NotAllowed):
        agree_to_deletion(made, by=ingrid)
    gone = agree_to_deletion(made, by=clara)
    assert (gone.deleted_by, gone.deletion_asked_by) == (f"person:{clara.pk}", f"person:{ingrid.pk}")
    assert made.rows.filter(recorded_to=None).count() == 0


def test_who_loosened_the_approval_deletes_nothing_alone(ingrid: User, clara: User) -> None:
    made = table(Approval.ALWAYS)
    define_table(made, title="Rate card", meaning="", approval=Approval.AT_ONCE, by=ingrid, reason="A quiet month")

    assert delete_table(made, by=ingrid, reason=WHY).deleted_at is None
    assert agree_to_deletion(made, by=clara).deleted_at is not None


def test_deletion_is_refused_or_taken_back_and_the_table_stays(ingrid: User, clara: User) -> None:
    made = table(Approval.ALWAYS)
    for who in (clara, ingrid):
        delete_table(made, by=ingrid, reason=WHY)
        assert keep_table(made, by=who, reason="Needed until March").deletion_asked_by is None
        with pytest.raises(CannotDelete, match="does not wait for anybody"):
            agree_to_deletion(made, by=clara)
    assert made.rows.filter(recorded_to=None).count() == 1


@pytest.mark.parametrize(
    "formula",
    ['LOOKUP("bill_rates.rate", role)', "LOOKUP('bill_rates', role)", 'IF(a, lookup( "bill_rates" , role), 1)'],
)
def test_table_that_a_mapping_in_force_reads_stays_and_the_mapping_is_named(formula: str, ingrid: User) -> None:
    made = table()
    in_force(reading(formula))

    with pytest.raises(CannotDelete, match=r"Time to rates \(version 1, published\)"):
        delete_table(made, by=ingrid, reason=WHY)


def test_second_person_is_refused_what_a_mapping_reads_since(ingrid: User, clara: User) -> None:
    made = table(Approval.ALWAYS)
    delete_table(made, by=ingrid, reason=WHY)
    in_force(reading())

    with pytest.raises(CannotDelete, match="Time to rates"):
        agree_to_deletion(made, by=clara)


def test_mapping_of_another_company_is_counted_but_not_named() -> None:
    made = table(legal_entity=company("HP-DE"))
    in_force(reading(title="Abroad"), legal_entity=company("HP-US"))
    in_force(reading(title="Everybody's"))
    own = person("Greta Own", Role.INTEGRATION_ADMIN, company("HP-DE"))

    with pytest.raises(CannotDelete, match="1 of companies that you may not see") as refused:
        delete_table(made, by=own, reason=WHY)

    assert "Abroad" not in str(refused.value)
    assert "Everybody" not in str(refused.value)


def test_deleted_table_gives_nothing_now_and_what_it_gave_as_then(ingrid: User) -> None:
    made = table()
    compiled, then = compile_mapping(reading()), datetime.now(UTC)
    delete_table(made, by=ingrid, reason=WHY)

    (now,) = run_batch(compiled, [{"role": "Consultant"}], connection_id=None, legal_entity_id=None)
    (as_then,) = run_batch(compiled, [{"role": "Consultant"}], connection_id=None, legal_entity_id=None, as_of=then)

    assert "there is no table" in now.problems[0].message
    assert str(as_then.values["rate"]) == "145.00"


def test_database_refuses_half_a_deletion() -> None:
    made = table()
    with pytest.raises(IntegrityError):
        LookupTable.objects.filter(pk=made.pk).update(deleted_at=datetime.now(UTC))


def test_pages_delete_by_two_and_keep_the_rows_readable(ingrid: User, clara: User) -> None:
    made = table(Approval.ALWAYS)
    page, admin, controller = f"/tables/{made.pk}/", signed_in(ingrid), signed_in(clara)
    assert "Delete" in text_of(admin.get(page))

    assert "It waits" in text_of(admin.post(f"{page}deletions/", {"reason": WHY}, follow=True))
    assert "Ingrid Solheim wants this table deleted since" in text_of(controller.get(page))
    assert "That Rate card is deleted" in text_of(controller.get("/"))
    assert admin.post(f"{page}deletion-approvals/", {"reason": ""}).status_code == 403
    shown = text_of(controller.post(f"{page}deletion-approvals/", {"reason": ""}, follow=True))

    assert "Clara Voss deleted this table on" in shown
    assert "145" in shown
    assert "Add a row" not in shown
    assert "Rate card" not in text_of(admin.get("/tables/"))
    assert "Rate card" in text_of(admin.get("/tables/?show=deleted"))
    assert admin.get(f"{page}rows/").status_code == 404
    history = text_of(admin.get(reverse("admin:mappings_lookuptable_history", args=[made.pk])))
    assert WHY in history


def test_page_offers_no_deletion_that_would_be_refused(ingrid: User) -> None:
    made = table()
    in_force(reading())
    client = signed_in(ingrid)

    assert "cannot be deleted while a mapping in force reads it" in text_of(client.get(f"/tables/{made.pk}/"))
    shown = text_of(client.get(f"/tables/{made.pk}/deletions/"))
    assert "It cannot be deleted yet" in shown
    assert "Time to rates" in shown
    refused = client.post(f"/tables/{made.pk}/deletions/", {"reason": WHY})
    assert refused.status_code == 422
    assert "Time to rates (version 1, published)" in text_of(refused)


def test_rates_by_which_exceptions_are_ordered_are_not_deleted(ingrid: User) -> None:
    row = create_table(
        name="exchange_rates", title="Exchange rates", key_columns=["currency"], value_columns={"rate": "decimal"},
        by=ENGINE,
    )  # fmt: skip
    with pytest.raises(CannotDelete, match=r"the order of exceptions reads it\. Choose other rates for it first"):
        delete_table(row, by=ingrid, reason=WHY)

    Yardstick.objects.create(currency="EUR", rate_table="", rate_column="")
    delete_table(row, by=ingrid, reason=WHY)


def test_page_names_the_mappings_of_its_company_however_they_write_it(ingrid: User) -> None:
    own, british = table(), table(legal_entity=company("HP-GB"))
    mapping = in_force(reading('lookup ("bill_rates.rate", role)'), legal_entity=company("HP-DE"))

    assert mapping.title in text_of(signed_in(ingrid).get(reverse("tables:table", args=[own.pk])))
    client = signed_in(ingrid)
    page = client.get(reverse("tables:table", args=[british.pk]))
    assert "No mapping that you may see reads it." in text_of(page)
    assert reverse("tables:deletion", args=[british.pk]) in page.content.decode()
