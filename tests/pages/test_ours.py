"""Every page of our own with every role: no error, no word that only engineers know, accessible in both themes."""

from typing import Any

import pytest

from tests.pages.chromium import window
from tests.pages.crawl import ADMIN, Walk
from tests.pages.firm import Firm

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
WALKED: set[str] = set()  # the names of the views that any of these tests saw
JUDGED: set[str] = set()  # the kinds of pages that axe-core has judged


def ours(path: str) -> bool:
    return not path.startswith(ADMIN)


@pytest.mark.parametrize("who", ["clara", "ingrid", "farid", "viktor", "olga", "nobody", "root"])
def test_pages_are_sound(hub: str, firm: Firm, chromium: Any, who: str) -> None:
    with window(chromium, hub, firm.sessions[who]) as page:
        walk = Walk(page, hub, part=ours, axe=JUDGED)
        walk.go("/", "/gallery/")
    WALKED.update(walk.views)
    print(who, sum(walk.seen.values()), dict(walk.seen))
    for w in walk.wrong:
        print("W", w)
    assert walk.wrong == []
