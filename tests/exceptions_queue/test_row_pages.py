"""Rows of tables on an item's page: offered to whom the verb allows, corrected, proposed, refused."""

import re
from collections.abc import Callable

from canonical.failure import Category
from exceptions_queue import intake
from exceptions_queue.models import WorkItem
from governance.actor import ENGINE
from mappings import tables
from mappings.models import LookupTable
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate, with_rates
from tests.exceptions_queue.test_pages import signed_in, text_of, url_of
from tests.exceptions_queue.test_verbs import refused_rate
from tests.routes.world import World, entry, refused

Make = Callable[..., World]


def test_row_of_a_table_for_all_companies_is_offered_only_to_whom_the_verb_allows(
    make_world: Make, staff: Staff
) -> None:
    item = missing_rate(make_world(), 1)

    asked = signed_in(staff.farid).get(url_of(item))  # finance in Germany alone

    assert "table-rows/" not in asked.content.decode()
    assert "for all companies for this. Clara Voss or Ingrid Solheim can do it." in text_of(asked)
    assert "table-rows/" in signed_in(staff.clara).get(url_of(item)).content.decode()


def test_wrong_row_is_corrected_from_the_item(make_world: Make, staff: Staff) -> None:
    item = refused_rate(make_world())
    client = signed_in(staff.clara)
    assert "This was made with the row Consultant / EUR of Bill rates: correct it" in text_of(client.get(url_of(item)))
    row = LookupTable.objects.get().rows.in_force().get(key=["Consultant", "EUR"])
    typed = {"row": row.pk, "value_rate": "-5", "reason": "typing error"}

    wrong = client.post(f"{url_of(item)}row-corrections/", typed)
    assert (wrong.status_code, "-5 is less than 0. The table accepts: Not less than 0." in text_of(wrong)) == (
        422,
        True,
    )

    right = client.post(f"{url_of(item)}row-corrections/", typed | {"value_rate": "150"}, follow=True)
    assert "The row is corrected. 2 went on." in text_of(right)


def test_proposed_row_is_shown_to_who_decides_about_it(make_world: Make, staff: Staff) -> None:
    item = missing_rate(make_world(), 1)
    LookupTable.objects.update(approval="always")
    signed_in(staff.ingrid).post(f"{url_of(item)}table-rows/", {"value_rate": "5"})
    client = signed_in(staff.clara)
    shown = text_of(client.get(url_of(item)))
    assert "Rate 5" in shown
    assert "Proposed by Ingrid Solheim" in shown
    assert "Propose another row in its place" in shown

    refused = client.post(f"{url_of(item)}row-refusals/", {"reason": "not on the price list"}, follow=True)

    assert "The row is refused and never counted." in text_of(refused)


def test_each_row_that_may_be_corrected_has_a_form_of_its_own(make_world: Make, staff: Staff) -> None:
    world = with_rates(make_world())
    tables.add_rows(LookupTable.objects.get(), [tables.NewRow(("Consultant", "EUR"), {"rate": "145"})], by=ENGINE)
    world.target.behave = lambda request, number: refused(Category.REFUSED, "Invalid rate.")
    world.take_in(entry(1), entry(2, role="Partner"))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()
    client = signed_in(staff.clara)
    rows = sorted(LookupTable.objects.get().rows.in_force().values_list("pk", flat=True))
    places = {f"row-corrections-{row}" for row in rows}

    pages = [client.get(url_of(item))]
    pages.append(client.post(f"{url_of(item)}row-corrections/", {"row": rows[0], "value_rate": "150", "reason": ""}))

    for page in (answer.content.decode() for answer in pages):
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert sorted(ids) == sorted(set(ids))
        assert places | {f"{place}-value_rate" for place in places} <= set(ids)
        assert sorted(map(int, re.findall(r'name="row" value="(\d+)"', page))) == rows
    refusal = pages[1].content.decode()
    assert "A reason is missing. Write one sentence" in refusal
    assert f'<a href="#row-corrections-{rows[0]}">' in refusal
    opened = re.findall(r'<details class="remedy"\s+id="([^"]+)"\s+open>', refusal)
    assert opened == [f"row-corrections-{rows[0]}"]
    assert 'value="150"' in refusal
