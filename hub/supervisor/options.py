"""What the person who starts the hub can choose, all from the environment; what is wrong is said by name."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.supervisor.problems import CannotStart

ROOT = Path(__file__).resolve().parent.parent.parent  # the folder of manage.py

# One entry per worker process, each with the lanes that it serves. Both carry posting, which earns the money; only
# the second carries analytics, so that a heavy report leaves the first one free.
WORKERS = "posting,intake;posting,master,analytics"


@dataclass(frozen=True)
class Options:
    """The choices of one start."""

    state: Path  # holds everything that the hub keeps on disk
    port: int  # of the web process, on 127.0.0.1; 0 takes a free one
    sandbox_port: int  # first port of the simulated systems, on 127.0.0.1
    demonstration: bool  # load the demonstration firm and start the simulated systems
    database_url: str  # empty: the embedded PostgreSQL
    redis_url: str  # empty: the embedded Redis
    workers: tuple[str, ...]  # lanes of each worker process, with commas
    threads: int  # of each worker process

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Options":
        """Read `environment`; raise CannotStart naming the entry that cannot be understood."""
        port = _number(environment, "PORT", 8000)
        return cls(
            state=Path(environment.get("STATE") or ROOT / ".state").expanduser().resolve(),
            port=port,
            sandbox_port=_number(environment, "SANDBOX_PORT", min(port + 600, 65000) if port else 0),
            demonstration=environment.get("DEMO", "1") != "0",
            database_url=environment.get("DATABASE_URL", ""),
            redis_url=environment.get("REDIS_URL", ""),
            workers=tuple(part for part in environment.get("WORKERS", WORKERS).split(";") if part),
            threads=_number(environment, "WORKER_THREADS", 8),
        )


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise CannotStart(
        f"{name}={text} cannot be used",
        f"{name} must be a whole number from 0 to 65535.",
        f"For example: make run {name}={default}",
    )


def of_process() -> Options:
    """Read the choices from this process's environment."""
    return Options.of(os.environ)
