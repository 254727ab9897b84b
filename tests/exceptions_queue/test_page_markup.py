"""What every page owes to those who do not see it, use no mouse, or look at it on a telephone."""

import re
from collections.abc import Callable

from django.conf import settings

from exceptions_queue import intake
from exceptions_queue.models import WorkItem
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate, refused_sign_in, zero_hours
from tests.exceptions_queue.test_pages import run_of, signed_in, text_of, url_of, visits
from tests.routes.world import World, entry

Make = Callable[..., World]


def pages(world: World, staff: Staff) -> dict[str, str]:
    """Return every page with something on it, by its address."""
    missing_rate(world, 3)
    world.take_in(entry(8, hours="0.00"), entry(9, role="Partner"))
    world.deliver()
    intake.take_in()
    refused_sign_in(world)
    run_of(world)
    client = signed_in(staff.clara)
    return {address: client.get(address).content.decode() for address in visits(world)}


def test_pages_have_one_heading_and_a_title_of_their_own(make_world: Make, staff: Staff) -> None:
    titles = []
    for address, page in pages(make_world(), staff).items():
        assert len(re.findall("<h1", page)) == 1, address
        assert "<h3" not in page.partition("<h2")[0], address
        assert '<a class="skip" href="#content">' in page, address
        titles.append(" ".join(re.findall("<title>(.*?)</title>", page, re.S)[0].split()))
    assert all(title.endswith(" · Throughline") and len(title) > len(" · Throughline") for title in titles)
    assert len(set(titles)) == len(titles), sorted(titles)


def test_tables_name_their_rows_columns_and_cells(make_world: Make, staff: Staff) -> None:
    """On a narrow screen a row becomes a card, in which each value stands beside its `data-label`."""
    tables = 0
    for address, page in pages(make_world(), staff).items():
        assert [th for th in re.findall(r"<th[ >][^>]*", page) if "scope=" not in th] == [], address
        for table in re.findall(r"<table.*?</table>", page, re.S):
            tables += 1
            assert "<thead>" in table, address
            for row in re.findall(r"<tr>.*?</tr>", table.partition("<tbody>")[2], re.S) if "stack" in table else []:
                cells = re.findall(r"<t[dh]([^>]*)>(.*?)</t[dh]>", row, re.S)
                first = 1 if "choose" in cells[0][0] else 0
                bare = [c for a, c in cells[first + 1 :] if not re.search("data-label|colspan|none", a) and c.strip()]
                assert bare == [], address
    assert tables > 8


def test_difference_is_not_told_by_colour_alone(make_world: Make, staff: Staff) -> None:
    world = make_world()
    world.take_in(entry(1, hours="-1.00"))
    intake.take_in()
    item = WorkItem.objects.get()
    client = signed_in(staff.farid)
    assert "differs from the source" not in text_of(client.get(url_of(item)))
    client.post(f"{url_of(item)}corrections/", {"field": "hours", "value": "0", "reason": "slip"})
    assert "≠ differs from the source: 0" in text_of(client.get(url_of(item)))


def test_pages_are_light(make_world: Make, staff: Staff) -> None:
    item = zero_hours(make_world(), 60)
    page = signed_in(staff.farid).get(url_of(item)).content
    assert len(page) < 125_000  # bytes, with fifty rows of ten columns and the forms of each way, before compression
    own = [
        settings.BASE_DIR / "static" / "queue" / name
        for name in ("side.css", "shell.css", "theme.js", "pages.js", "mark.svg")
    ]
    assert sum(path.stat().st_size for path in own) < 30_000
