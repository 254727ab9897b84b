"""What the person who starts the hub can choose, all from the environment; what is wrong is said by name."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.environment import declared
from hub.environment.declared import ROOT as ROOT  # the folder of manage.py
from hub.environment.reading import WrongSettings, read
from hub.supervisor.problems import CannotStart


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
        """Read `environment`; raise CannotStart naming every entry of it that cannot be used, here or by the hub."""
        try:
            given = read(environment)
        except WrongSettings as wrong:
            raise CannotStart(wrong.thing, "\n".join(wrong.wrong), wrong.remedy) from wrong
        port, sandbox_port = given[declared.PORT], given[declared.SANDBOX_PORT]
        return cls(
            state=given[declared.STATE],
            port=port,
            sandbox_port=sandbox_port if sandbox_port is not None else min(port + 600, 65000) if port else 0,
            demonstration=given[declared.DEMO],
            database_url=given[declared.DATABASE_URL],
            redis_url=given[declared.REDIS_URL],
            workers=given[declared.WORKERS],
            threads=given[declared.WORKER_THREADS],
        )


def of_process() -> Options:
    """Read the choices from this process's environment."""
    return Options.of(os.environ)
