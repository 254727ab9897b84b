"""Any body whatever at our API: an answer below 500, and either all of it is stored or nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canonical.entities import ENTITIES
from routes import intake
from routes.models import Failure, InboundEvent, Record
from tests.intake.firm import EVENTS, Firm, record

FIELDS = sorted(ENTITIES["time_entry"].by_name)
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(["", " ", "\x00", "\ud800", "NaN", "-0", "1e9", "9" * 60, "0001-01-01", "9999-12-31T23:59:59Z"]),
    st.sampled_from(
        ["2026-10-05", "7.50", "HP-DE", "HP-GB", "EUR", "approved", "2026-W41-1", "2026-10-06T08:00:00-14:00"]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)
changed = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=12), odd, max_size=4)
bodies = st.one_of(
    st.binary(max_size=200),
    st.lists(changed.map(lambda more: record(**more)), max_size=3)
    .map(lambda many: json.dumps({"records": many}).encode()),
    st.recursive(odd, lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=8), each, max_size=3))
    .map(lambda value: json.dumps(value).encode()),
)  # fmt: skip


@pytest.fixture
def _few_commits(firm: Firm) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


@pytest.mark.usefixtures("_few_commits")
def test_any_body_is_answered_below_500_and_stored_whole_or_not_at_all(firm: Firm) -> None:
    sender = Client(raise_request_exception=False)
    sender.force_login(firm.farid)

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(bodies)
    def check(content: bytes) -> None:
        before = InboundEvent.objects.count()
        answer = sender.post(EVENTS, content or b" ", content_type="application/json")
        stored = InboundEvent.objects.count() - before
        assert answer.status_code in (202, 400, 413, 422), answer.content
        assert stored == (answer.status_code == 202)
        if answer.status_code == 422:
            assert all(each["detail"] and each["accepted"] for each in answer.json()["errors"])

    check()
    accepted = InboundEvent.objects.count()
    assert accepted, "nothing was accepted: the test shows nothing"
    while intake.work(firm.events.pk):
        pass
    assert not InboundEvent.objects.filter(processed_at=None).exists()
    assert not InboundEvent.objects.exclude(problem="").exists()
    assert not Failure.objects.filter(category__in=["internal", "shape"]).exists()


@pytest.mark.usefixtures("_few_commits")
def test_any_pushed_body_is_worked_on_without_holding_up_the_next(firm: Firm) -> None:
    raws = st.dictionaries(
        st.sampled_from(["key", "version", "changed_at", "hours", "amount", "currency", "legal_entity"]), odd
    )
    huge = st.sampled_from([10**30, 10**400, "9" * 300, "²", "0001-01-01T00:00:00+14:00"])
    numbers: Callable[[Any], bytes] = lambda more: json.dumps({"entries": [entry_with(more)]}).encode()  # noqa: E731

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(
        st.one_of(
            st.binary(max_size=60),
            raws.map(numbers),
            st.dictionaries(st.sampled_from(["version", "hours", "amount", "key", "changed_at"]), huge).map(numbers),
        )
    )
    def check(content: bytes) -> None:
        intake.accept(firm.pushed, body=content, via="webhook")

    check()
    while intake.work(firm.pushed.pk):
        pass
    assert not InboundEvent.objects.filter(processed_at=None).exists()
    assert not Failure.objects.filter(category="internal").exists()
    assert Record.objects.exists()


def entry_with(more: dict[str, Any]) -> dict[str, Any]:
    from tests.routes.world import entry

    return json.loads(json.dumps(entry(1), default=str)) | more
