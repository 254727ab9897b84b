"""The two embedded servers as one thing: started together, stopped together, each killed or stopped by itself."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from hub.supervisor.account import account
from hub.supervisor.places import DATA, Places, places
from hub.supervisor.postgresql import Postgresql
from hub.supervisor.redis import Redis


@dataclass
class Servers:
    """PostgreSQL and Redis below one folder."""

    places: Places
    postgresql: Postgresql
    redis: Redis

    @classmethod
    def below(cls, state: Path) -> "Servers":
        """Return the servers of the folder `state`, not started; raise CannotStart when it cannot be used."""
        whom = account(state / DATA)
        where = places(state, whom)
        return cls(where, Postgresql(where, whom), Redis(where, whom))

    @property
    def environment(self) -> dict[str, str]:
        """Return what a process needs to find the two servers."""
        return {"DATABASE_URL": self.postgresql.url, "REDIS_URL": self.redis.url}

    def start(self) -> None:
        """Start what does not run, and wait until both answer; when one cannot, the other is stopped again."""
        try:
            self.redis.start()
            self.postgresql.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both."""
        self.redis.stop()
        self.postgresql.stop()

    def kill_postgresql(self) -> None:
        """Kill PostgreSQL as a power cut would: no shutdown, no checkpoint."""
        if self.postgresql.process:
            os.kill(self.postgresql.process.pid, signal.SIGKILL)
            self.postgresql.process.wait()

    def kill_redis(self) -> None:
        """Kill Redis; what it carried is gone."""
        if self.redis.process:
            os.kill(self.redis.process.pid, signal.SIGKILL)
            self.redis.process.wait()
