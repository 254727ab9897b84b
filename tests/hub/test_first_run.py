"""The first run: the demonstration firm is loaded once, the main job runs at each start."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from hub.management.commands import first_run


@pytest.fixture
def called(monkeypatch, settings, tmp_path: Path) -> list[str]:
    """Names of the commands that were called instead of the real ones."""
    names: list[str] = []
    settings.STATE = tmp_path
    monkeypatch.setattr(first_run, "get_commands", lambda: {"load_demo": "hub", "main_job": "hub"})
    monkeypatch.setattr(first_run, "call_command", names.append)
    monkeypatch.setattr(first_run, "require_ours", lambda: None)
    monkeypatch.setattr(first_run, "is_loaded", lambda: False)
    monkeypatch.setattr(first_run.staff, "note", lambda: None)
    return names


def test_first_run_loads_the_firm_once_and_runs_the_main_job_each_time(called: list[str]) -> None:
    call_command(first_run.Command())
    call_command(first_run.Command())
    assert called == ["load_demo", "main_job", "main_job"]


def test_firm_that_could_not_be_loaded_is_tried_again(called: list[str], monkeypatch) -> None:
    def fail(name: str) -> None:
        called.append(name)
        raise OSError("the simulated system is away")

    monkeypatch.setattr(first_run, "call_command", fail)
    for _ in range(2):
        with pytest.raises(CommandError, match="away"):
            call_command(first_run.Command())
    assert called == ["load_demo", "load_demo"]


def test_without_workers_the_main_job_waits_for_another_start(called: list[str], monkeypatch) -> None:
    monkeypatch.setenv("WORKERS", "none")
    call_command(first_run.Command())
    assert called == ["load_demo"]


def test_without_demonstration_nothing_is_loaded(called: list[str], monkeypatch) -> None:
    monkeypatch.setenv("DEMO", "0")
    call_command(first_run.Command())
    assert called == []
