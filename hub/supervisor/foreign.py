"""Database and broker that the operator brings: asked at the start, and what is wrong with them said in words."""

import psycopg
import redis

from hub.supervisor.problems import CannotStart


def ask_postgresql(url: str) -> None:
    """Raise CannotStart when the database at `url` does not answer or is too old."""
    try:
        with psycopg.connect(url, connect_timeout=10) as link:
            release = link.info.server_version // 10000
    except (psycopg.Error, UnicodeError) as error:
        raise _silent("The database of DATABASE_URL", str(error), "DATABASE_URL") from error
    if release < 14:
        raise CannotStart(
            "The database of DATABASE_URL is too old",
            f"it is PostgreSQL {release}; Throughline needs 14 or newer.",
            "Upgrade it, or leave DATABASE_URL away to use the embedded one.",
        )


def ask_redis(url: str) -> None:
    """Raise CannotStart when the broker at `url` does not answer."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=10) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise _silent("The broker of REDIS_URL", str(error), "REDIS_URL") from error


def _silent(thing: str, told: str, name: str) -> CannotStart:
    return CannotStart(
        f"{thing} does not answer",
        " ".join(told.split())[:300],
        f"Check {name} and whether the server runs, or leave {name} away to use the embedded one.",
    )
