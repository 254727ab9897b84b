"""Columns that are none are refused in words, and the administration of tables leads to our pages."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from governance.actor import ENGINE
from governance.rights import Role
from mappings.models import Approval, LookupTable
from mappings.tables import NewRow, add_rows, create_table
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("keys", "values", "field", "words"),
    [
        (["a"], 5, "value_columns", "at least one column"),
        (["a"], ["b"], "value_columns", "at least one column"),
        (["a"], {}, "value_columns", "at least one column"),
        (["a"], {"b": "colour"}, "value_columns", "no such kind"),
        (["a"], {"b": {"kind": "text"}}, "value_columns", "no such kind"),
        (["a"], {"5": "text"}, "value_columns", "is no name of a column"),
        (["a"], {"a": "text"}, "value_columns", "two columns have this name"),
        (["a", "a"], {"b": "text"}, "key_columns", "two columns have this name"),
        ([" "], {"b": "text"}, "key_columns", "is no name of a column"),
        ([], {"b": "text"}, "key_columns", "at least one key column"),
    ],
)
def test_columns_that_are_none_are_refused(keys: Any, values: Any, field: str, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        create_table(name="t", title="T", key_columns=keys, value_columns=values, by=ENGINE)
    assert any(words in each for each in refused.value.message_dict[field])


def test_amount_is_compared_with_a_column_that_holds_a_number() -> None:
    for column in ("item", "nothing"):
        with pytest.raises(ValidationError, match=r"holds a number\. Use one of: rate"):
            create_table(
                name="t", title="T", key_columns=["a"], value_columns={"item": "text", "rate": "money"}, by=ENGINE,
                approval=Approval.ABOVE_AMOUNT, approval_column=column, approval_amount=1,
            )  # fmt: skip


def test_administration_of_tables_leads_to_our_pages_and_has_no_forms(settings: Any, tmp_path: Any) -> None:
    settings.STATIC_ROOT = tmp_path
    table = create_table(name="t", title="T", key_columns=["a"], value_columns={"b": "text"}, by=ENGINE)
    row = add_rows(table, [NewRow(("x",), {"b": "y"})], by=ENGINE).in_force[0]
    ingrid = signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    raw = {"name": "raw", "title": "Raw", "key_columns": "a", "value_columns": "5", "accepted": "null"}

    for page, goes in (("", "/tables/"), (f"{table.pk}/change/", f"/tables/{table.pk}/")):
        for answer in (
            ingrid.get(f"/admin/mappings/lookuptable/{page}"),
            ingrid.post(f"/admin/mappings/lookuptable/{page}", raw),
        ):
            assert (answer.status_code, answer["Location"]) == (302, goes)
    for page in (
        "lookuptable/add",
        f"lookuptable/{table.pk}/delete",
        f"tablerow/{row.pk}/change",
        "tablerow",
        "mapping",
    ):
        assert ingrid.post(f"/admin/mappings/{page}/", raw | {"post": "yes"}).status_code == 404, page
    assert list(LookupTable.objects.values_list("name", flat=True)) == ["t"]
    assert "History of T" in text_of(ingrid.get(f"/admin/mappings/lookuptable/{table.pk}/history/"))
