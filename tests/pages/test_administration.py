"""Every page of the administration with every role that may see it: sound like ours, and axe finds nothing grave."""

from typing import Any

import pytest
from django.urls import reverse

from tests.pages.chromium import window
from tests.pages.crawl import ADMIN, Walk
from tests.pages.firm import Firm
from tests.pages.views import named

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
TECHNICAL = (
    "/admin/django_celery_beat/",  # the scheduler's own pages, which only superusers see
    "/admin/mappings/mapping/",  # trials take records as the vendor writes them
    "/admin/mappings/lookuptable/",  # columns and what they accept are typed as a structure
    "/admin/routes/destination/",  # so are the fields of a difference
)
NOT_WALKED = {
    "admin:login": "our own sign-in stands before it",
    "admin:logout": "our own stands before it",
    "admin:password_change": "our own stands before it",
    "admin:password_change_done": "our own page says so",
    "admin:autocomplete": "rows for a field, asked for while somebody types",
    "admin:jsi18n": "words for scripts",
    "admin:view_on_site": "leads from a row to its page; no page of ours is linked this way",
    "admin:search": "a part of every page, while somebody types",
}
WALKED: set[str] = set()
JUDGED: set[str] = set()


@pytest.mark.parametrize("who", ["root", "ingrid", "farid", "clara", "viktor", "olga"])
def test_administration_is_sound(hub: str, firm: Firm, chromium: Any, who: str) -> None:
    with window(chromium, hub, firm.sessions[who]) as page:
        walk = Walk(
            page, hub, part=lambda path: path.startswith(ADMIN), axe=JUDGED,
            technical=lambda path: path.startswith(TECHNICAL), read=_is_read_only if who != "root" else _never,
        )  # fmt: skip
        walk.go(ADMIN)
        if who == "root":
            _refused_forms(walk)
    WALKED.update(walk.views)
    assert walk.wrong == []
    assert len(walk.seen) > 20


def _never(view: str) -> bool:
    return False


def _is_read_only(view: str) -> bool:
    """Whether a page is only read, not drawn: the superuser's window has drawn one of that view already."""
    return not view.endswith(("index", "app_list", "_changelist"))


def _refused_forms(walk: Walk) -> None:
    """Send every form that adds something as it stands; it comes back with what is missing."""
    for view in sorted(view for view in walk.seen if view.endswith("_add")):
        walk.page.goto(walk.root + reverse(view))
        walk.send("#content form[method=post]", "refused form", status=None)


def test_every_page_of_the_administration_was_walked() -> None:
    """Needs the tests above: a page that is added later is walked too, or stands in the list with its reason."""
    assert {name for name in named() if name.startswith("admin:")} - WALKED - NOT_WALKED.keys() == set()
