"""A draft of what is out of force by now is compared with that and goes on."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.models import LegalEntity, User, Version
from hub.changes import drafting
from routes import schedules
from tests.changes.looking import at, browser, go
from tests.changes.test_routes import drafted
from tests.exceptions_queue.test_pages import text_of
from tests.intake.firm import Firm

OVERTAKEN = "was changed after this draft was written"
HOURLY = {"route": "time-pushed", "every_seconds": 3600}


def _in_force(version: Version, ingrid: User, iris: User) -> None:
    assert go(ingrid, version, "submissions") == 302
    assert go(iris, version, "publications-after-approval") == 302


def test_draft_of_a_schedule_that_was_taken_away_is_compared_with_that_and_put_in_force(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    _in_force(drafting.draft("schedule", "time-pushed", HOURLY, by=ingrid), ingrid, iris)
    version = drafting.draft("schedule", "time-pushed", HOURLY | {"every_seconds": 7200}, by=ingrid)
    _in_force(drafting.draft("schedule", "time-pushed", {}, by=ingrid), ingrid, iris)
    assert OVERTAKEN in text_of(browser(ingrid).get(at(version)))

    assert go(ingrid, version, "take-ups") == 302

    words = text_of(browser(ingrid).get(at(version)))
    assert OVERTAKEN not in words
    assert "Runs by itself: only when somebody asks for it → every 2 hours" in words
    _in_force(version, ingrid, iris)
    task = schedules.schedule_of(firm.pushed)
    assert task is not None
    assert task.interval is not None
    assert task.interval.every == 7200


def test_draft_that_is_revised_stays_on_what_it_was_written_on(firm: Firm, ingrid: User) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    drafting.revise(version, {**version.content, "compare_days": 60}, by=ingrid)
    assert Version.objects.get(pk=version.pk).based_on == version.based_on is not None


def test_list_of_changes_says_which_drafts_are_behind_with_as_many_queries_for_many(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    drafts = [drafted(ingrid, firm.pushed, compare_days=days) for days in ("30", "40")]
    place = reverse("changes:changes")
    behind = "What is in force was changed after it was written"
    browser(ingrid).get(place)
    with CaptureQueriesContext(connection) as few:
        assert behind not in text_of(browser(ingrid).get(place))
    _in_force(drafts[0], ingrid, iris)
    drafted(iris, firm.pushed, name="On top")
    drafted(iris, firm.pushed, name="On top of it")
    with CaptureQueriesContext(connection) as more:
        words = text_of(browser(ingrid).get(place))
    assert words.count(behind) == 1, "the other one was written on what is in force"
    assert len(more) <= len(few)
