"""Database and broker that the operator brings: asked at the start, and what is wrong with them said in words."""

import psycopg
import redis

from hub.supervisor.problems import CannotStart

OLDEST = 18  # release of PostgreSQL: it makes the keys of the partitioned tables, and reads what a backup restores
SECONDS = 10  # for which one that says nothing is waited for


def ask_postgresql(url: str) -> None:
    """Raise CannotStart when the database at `url` does not answer or is too old."""
    try:
        with psycopg.connect(url, connect_timeout=SECONDS) as link:
            release = link.info.server_version // 10000
    except (psycopg.Error, UnicodeError) as error:
        raise _silent("The database of DATABASE_URL", str(error), "DATABASE_URL") from error
    refuse_old(release)


def refuse_old(release: int) -> None:
    """Raise CannotStart for a release of PostgreSQL, 16 of 16.2, that cannot hold the hub."""
    if release < OLDEST:
        raise CannotStart(
            "The database of DATABASE_URL is too old",
            f"it is PostgreSQL {release}; Throughline needs {OLDEST} or newer.",
            "Upgrade it, or leave DATABASE_URL away to use the embedded one.",
        )


def ask_redis(url: str) -> None:
    """Raise CannotStart when the broker at `url` does not answer."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise _silent("The broker of REDIS_URL", str(error), "REDIS_URL") from error


def _silent(thing: str, told: str, name: str) -> CannotStart:
    return CannotStart(
        f"{thing} does not answer",
        " ".join(told.split())[:300],
        f"Check {name} and whether the server runs, or leave {name} away to use the embedded one.",
    )
