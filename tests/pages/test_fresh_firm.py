"""A firm in which nothing has happened yet: every list says why it is empty, and is as sound as a full one."""

from typing import Any

import pytest

from tests.pages import broken
from tests.pages.alike import Drawn
from tests.pages.chromium import window
from tests.pages.crawl import ADMIN, Walk
from tests.pages.firm import Firm

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
JUDGED: set[str] = set()
DRAWN = Drawn()


@pytest.mark.parametrize("who", ["ingrid", "farid", "nobody"])
def test_empty_pages_are_sound(hub: str, fresh_firm: Firm, chromium: Any, who: str) -> None:
    with window(chromium, hub, fresh_firm.sessions[who]) as page:
        walk = Walk(page, hub, part=lambda path: not path.startswith(ADMIN), axe=JUDGED, drawn=DRAWN)
        walk.go("/", "/search/?q=TE-1")
        for address in ("/queue/", "/runs/", "/transactions/", "/connections/", "/events-out/"):
            page.goto(hub + address)
            assert page.locator("main .empty").count(), f"{address} says nothing"
    assert walk.wrong == [], "\n".join(walk.wrong)


def test_faults_that_one_person_meets_are_found(hub: str, fresh_firm: Firm, chromium: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = broken.__name__
    drawn, wrong, last = Drawn(), {}, {}
    for who in ("ingrid", "clara", "farid", "viktor"):
        with window(chromium, hub, fresh_firm.sessions[who]) as page:
            walk = Walk(page, hub, part=lambda path: False, drawn=drawn)
            for place in ("/password/", *(f"/broken/{fault}-for-one/" for fault in broken.FAULTS)):
                walk.go(place)  # the first draws this person's side
                page.wait_for_load_state("networkidle")
            wrong[who], last[who] = walk.wrong, page.url.removeprefix(hub)
    found = "\n".join(wrong.pop("farid"))
    assert [fault for fault in broken.FAULTS if f"/{fault}-for-one/" not in found] == []
    assert not any(wrong.values())
    assert last["clara"] == last["viktor"] == "/password/", "what was drawn for Ingrid is not drawn again"
