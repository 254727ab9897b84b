"""Liveness and readiness: cheap, without a sign-in or a host's name, not logged, and true."""

import logging
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from hub import probes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch) -> None:
    monkeypatch.setattr(probes, "_kept", (0.0, {}))


def ask(path: str, **more: str) -> tuple[int, dict]:
    answer = Client().get(path, **more)
    return answer.status_code, answer.json()


def test_live_process_says_so_and_asks_nobody(django_assert_num_queries, settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with django_assert_num_queries(0):
        assert ask("/live") == (200, {"status": "live"})


def test_ready_hub_says_so_with_few_statements(django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(4):  # a savepoint of the test's own transaction among them
        assert ask("/ready") == (
            200,
            {"status": "ready", "checks": dict.fromkeys(("database", "migrations", "broker"), "ok")},
        )


def test_migration_that_is_not_applied_is_not_ready() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'governance' AND name = '0001_initial'")
    status, told = ask("/ready")
    assert status == 503
    assert told["status"] == "not ready"
    assert told["checks"] == {"database": "ok", "migrations": "1 are not applied", "broker": "ok"}


def test_migration_of_a_newer_release_does_not_hinder() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('routes', '9999_later', now())")
    assert ask("/ready")[0] == 200


def test_silent_broker_is_not_ready_and_names_no_address(settings, tmp_path: Path) -> None:
    settings.REDIS_URL = f"unix://:secret@{tmp_path}/nothing"
    status, told = ask("/ready")
    assert (status, told["checks"]["broker"]) == (503, "does not answer")
    assert "secret" not in str(told)
    assert str(tmp_path) not in str(told)


@pytest.mark.processes
def test_dead_database_is_not_ready(own_database) -> None:
    own_database.kill_postgresql()
    connection.close()
    status, told = ask("/ready")
    assert (status, told["checks"]["database"]) == (503, "does not answer")


def test_probes_need_no_known_host_and_write_no_line(settings, tmp_path: Path, caplog) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nothing"
    with caplog.at_level(logging.DEBUG, "django"):
        assert ask("/live", HTTP_HOST="10.4.5.6:8000")[0] == 200
        assert ask("/ready", HTTP_HOST="10.4.5.6:8000")[0] == 503
    assert caplog.messages == []


def test_many_who_ask_cost_no_more_than_one(django_assert_num_queries) -> None:
    ask("/ready")
    with django_assert_num_queries(0):
        assert ask("/ready")[0] == 200


def test_probes_are_only_read() -> None:
    assert Client().post("/ready").status_code == 405
    assert Client().head("/ready").status_code == 200


@pytest.mark.parametrize("path", ["/live", "/ready"])
def test_probe_that_is_asked_for_its_head_alone_has_no_body(path: str) -> None:
    answer = Client().head(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer["Content-Length"]) == len(Client().get(path).content)
