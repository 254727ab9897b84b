"""Contenders' processes: each gets a line of JSON per run and answers with one. The race starts when all are ready."""

import contextlib
import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.supervisor.options import ROOT
from hub.supervisor.processes import leash

SIGTERM = 15


class Crew:
    """Processes that work on one case together."""

    def __init__(self, commands: Sequence[Sequence[str]], environment: Mapping[str, str], log: Path) -> None:
        self.commands, self.environment, self.log = commands, environment, log
        self.processes: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        """Start all and wait until each has said that it is ready."""
        with self.log.open("ab") as log:
            self.processes = [self._start(command, log.fileno()) for command in self.commands]
        for process in self.processes:
            self._hear(process)

    def race(self, task: Mapping[str, Any]) -> tuple[float, list[dict[str, Any]]]:
        """Give all the same task; return the seconds until the last has finished, and their answers."""
        line = json.dumps(task) + "\n"
        began = time.perf_counter()
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(line)
            process.stdin.flush()
        answers = [self._hear(process) for process in self.processes]
        return time.perf_counter() - began, answers

    def stop(self) -> None:
        """End all."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            with contextlib.suppress(OSError):
                process.communicate(timeout=20)
        self.processes = []

    def _start(self, command: Sequence[str], log: int) -> "subprocess.Popen[str]":
        return subprocess.Popen(  # noqa: S603 - our own scripts, never through a shell
            list(command),
            cwd=ROOT,
            env=dict(self.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            preexec_fn=leash(SIGTERM),  # ends when the bench ends
        )

    def _hear(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"A contender ended with code {process.wait()}. Its last words are in {self.log}")
        answer: dict[str, Any] = json.loads(line)
        return answer
