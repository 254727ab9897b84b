"""A firm in which nothing has happened yet: every list says why it is empty, and is as sound as a full one."""

from typing import Any

import pytest

from tests.pages.chromium import window
from tests.pages.crawl import ADMIN, Walk
from tests.pages.firm import Firm

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
JUDGED: set[str] = set()


@pytest.mark.parametrize("who", ["ingrid", "farid", "nobody"])
def test_empty_pages_are_sound(hub: str, fresh_firm: Firm, chromium: Any, who: str) -> None:
    with window(chromium, hub, fresh_firm.sessions[who]) as page:
        walk = Walk(page, hub, part=lambda path: not path.startswith(ADMIN), axe=JUDGED)
        walk.go("/", "/search/?q=TE-1")
        for address in ("/queue/", "/runs/", "/transactions/", "/connections/", "/events-out/"):
            page.goto(hub + address)
            assert page.locator("main .empty").count(), f"{address} says nothing"
    assert walk.wrong == []
