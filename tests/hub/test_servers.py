"""The embedded servers: durable, on sockets only, alive again after anything."""

import os
import socket

import psycopg
import pytest
from django.db import connection


@pytest.mark.django_db
@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_postgresql_is_durable(setting: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")
        assert cursor.fetchone() == ("on",)


def test_postgresql_listens_on_no_address() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as link:
        assert link.execute("SHOW listen_addresses").fetchone() == ("",)
        assert link.execute("SHOW server_version_num").fetchone()[0].startswith("18")


def test_redis_answers_on_its_socket(redis_url: str) -> None:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(redis_url.removeprefix("unix://"))
        link.sendall(b"CONFIG GET port\r\n")
        assert b"$1\r\n0\r\n" in link.recv(100)
