"""Signs of life of programs that are gone do not stay for ever."""

import os
import socket
from pathlib import Path

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_preparing_a_container_removes_the_signs_of_those_of_long_ago(tmp_path: Path, settings, monkeypatch) -> None:
    monkeypatch.setattr("hub.management.commands.prepare.call_command", lambda *args, **options: None)
    settings.STATE = tmp_path
    (tmp_path / "run").mkdir()
    here, there, gone = (
        tmp_path / "run" / f"pulse-posting@{name}" for name in (socket.gethostname(), "1a2b3c4d5e6f", "f6e5d4c3b2a1")
    )
    for sign in (here, there, gone):
        sign.touch()
    os.utime(gone, (1, 1))
    call_command("prepare")
    assert [sign.exists() for sign in (here, there, gone)] == [True, True, False]
