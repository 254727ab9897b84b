"""How often a caller may ask: told with every answer, refused with the time to wait, each caller for itself."""

from typing import Any

import pytest

from governance.api import limits
from governance.models import ApiClient, ApiUse
from tests.api.conftest import Staff
from tests.api.signing import ask_token, client_of, get
from tests.api.test_tokens import RUNS, told


@pytest.mark.parametrize("place", ["rows", "redis"])
def test_caller_that_asks_too_often_is_told_how_long_to_wait(staff: Staff, settings: Any, place: str) -> None:
    settings.API_COUNTS_IN = place
    made, secret = client_of(staff.farid)
    ApiClient.objects.filter(pk=made.pk).update(requests_per_minute=2)
    token = ask_token(made, secret).json()["access_token"]
    answers = [get(RUNS, token) for _ in range(6)]  # at most two minutes are begun meanwhile, and the last may be new
    assert answers[0].status_code == 200
    refused = next(answer for answer in answers if answer.status_code != 200)
    assert answers[0]["RateLimit-Policy"] == '"caller";q=2;w=60'
    assert answers[0]["RateLimit"].startswith('"caller";r=')
    told(refused, 429, "too-many-requests")
    assert 0 < int(refused["Retry-After"]) <= limits.WINDOW
    other, secret = client_of(staff.viktor)
    assert get(RUNS, ask_token(other, secret).json()["access_token"]).status_code == 200
    assert ApiUse.objects.exists() == (place == "rows")


def test_rows_count_when_redis_cannot_be_asked(staff: Staff, settings: Any) -> None:
    settings.API_COUNTS_IN, settings.REDIS_URL = "redis", "redis://127.0.0.1:1/0"
    made, secret = client_of(staff.farid)
    assert get(RUNS, ask_token(made, secret).json()["access_token"]).status_code == 200
    assert ApiUse.objects.get().used == 1


def test_counts_of_past_minutes_are_forgotten(db: None) -> None:
    ApiUse.objects.create(caller="person:1", begins=10, used=3)
    ApiUse.objects.create(caller="person:1", begins=11, used=3)
    limits.forget(11)
    assert [row.begins for row in ApiUse.objects.all()] == [11]
