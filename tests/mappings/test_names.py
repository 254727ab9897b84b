"""A mapping's name and sides are those of its version in force: a draft changes neither, publishing it does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance import due, versions
from governance.models import User, Version
from governance.rights import Role
from mappings.drafting import draft, revise
from mappings.models import Mapping
from mappings.shipped import ShippedMapping, install, load
from tests.governance.people import person
from tests.mappings.test_trial import CONTENT

pytestmark = pytest.mark.django_db
RENAMED = {**CONTENT, "name": "Time, new", "from": {"system": "harvest", "stream": "time_reports"}}


def says() -> tuple[str, str, str]:
    mapping = Mapping.objects.get(key="harvest.own")
    return mapping.title, mapping.source, mapping.target


OLD = ("Time of Harvest", "harvest time_entries", "netsuite timebill")
NEW = ("Time, new", "harvest time_reports", "netsuite timebill")


@pytest.fixture
def ingrid() -> User:
    return person("Ingrid Solheim", Role.INTEGRATION_ADMIN)


@pytest.fixture
def clara() -> User:
    return person("Clara Voss", Role.CONTROLLER)


Write = Callable[[dict[str, Any]], Version]


@pytest.fixture
def approved(ingrid: User, clara: User) -> Write:
    """Let Ingrid Solheim write a version and Clara Voss approve it."""

    def write(content: dict[str, Any]) -> Version:
        made = versions.submit(draft(key="harvest.own", content=content, by=ingrid), by=ingrid)
        return versions.approve(made, by=clara)

    return write


@pytest.fixture
def published(approved: Write, ingrid: User) -> Write:
    return lambda content: versions.publish(approved(content), by=ingrid)


def test_draft_leaves_the_name_and_publishing_it_changes_it(published: Write, approved: Write, ingrid: User) -> None:
    published(CONTENT)

    made = approved(RENAMED)
    assert says() == OLD

    versions.publish(made, by=ingrid)
    assert says() == NEW


def test_version_whose_time_comes_changes_the_name_then(published: Write, approved: Write, ingrid: User) -> None:
    published(CONTENT)
    later = timezone.now() + timedelta(days=1)
    versions.publish(approved(RENAMED), by=ingrid, at=later)
    assert says() == OLD

    due.publish_due(now=later)

    assert says() == NEW


def test_rolling_back_brings_the_name_back(published: Write, ingrid: User) -> None:
    old = published(CONTENT)
    published(RENAMED)

    old.refresh_from_db()
    versions.roll_back(old, by=ingrid, reason="too early")

    assert says() == OLD


def test_mapping_that_was_never_published_goes_by_its_first_draft_until_it_is(ingrid: User, clara: User) -> None:
    first = draft(key="harvest.own", content=CONTENT, by=ingrid)
    revise(first, content=RENAMED, by=ingrid)
    assert says() == OLD

    versions.approve(versions.submit(first, by=ingrid), by=clara)
    versions.publish(first, by=ingrid)

    assert says() == NEW


def test_next_start_leaves_the_firms_own_name_of_a_shipped_mapping(published: Write) -> None:
    [shipped, *_] = load()
    own = ShippedMapping("harvest.own", shipped.file, CONTENT, shipped.compiled)
    install([own])
    assert says() == OLD
    published(RENAMED)

    install([own])

    assert says() == NEW
    assert Mapping.objects.get().shipped
