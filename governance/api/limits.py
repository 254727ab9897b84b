"""How often each caller may ask: counted per minute, in rows or in Redis, told with every answer.

Rows are the same for any number of web processes and need nothing else. Redis takes the writes off the database; when
it cannot be asked, rows count.
"""

import logging
import time
from typing import Any

import redis
from django.conf import settings
from django.db import connection, transaction
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from governance.api import callers

WINDOW = 60  # seconds
ADD = """
INSERT INTO governance_apiuse (caller, begins, used) VALUES (%s, %s, 1)
ON CONFLICT (caller, begins) DO UPDATE SET used = governance_apiuse.used + 1 RETURNING used
"""
log = logging.getLogger(__name__)


class PerCaller(BaseThrottle):
    """Counts a request, and refuses it when there were too many within the minute."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Return whether there is room; the view's answer tells how much is left."""
        client = callers.client_of(request)
        allowed = (client and client.requests_per_minute) or settings.API_REQUESTS_PER_MINUTE
        minute, passed = divmod(int(time.time()), WINDOW)
        self.left_seconds = WINDOW - passed
        used = count(callers.reference(request), minute)
        view.limit_headers = {
            "RateLimit-Policy": f'"caller";q={allowed};w={WINDOW}',
            "RateLimit": f'"caller";r={max(0, allowed - used)};t={self.left_seconds}',
        }
        return used <= allowed

    def wait(self) -> float:
        """Return after how many seconds there is room again."""
        return float(self.left_seconds)


def count(caller: str, minute: int) -> int:
    """Count one request of a caller; return how many there were within this minute."""
    if settings.API_COUNTS_IN == "redis":
        try:
            return _in_redis(caller, minute)
        except redis.RedisError as error:
            log.warning("requests are counted in rows: Redis cannot be asked (%s)", type(error).__name__)
    return _in_rows(caller, minute)


def forget(minute: int) -> None:
    """Forget the counts of minutes before this one."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM governance_apiuse WHERE begins < %s", [minute])


def _in_rows(caller: str, minute: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")  # a count that a power cut loses hurts nobody
        cursor.execute(ADD, [caller, minute])
        return int(cursor.fetchone()[0])


def _in_redis(caller: str, minute: int) -> int:
    key = f"api-use:{caller}:{minute}"
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
        used, _ = client.pipeline().incr(key).expire(key, 2 * WINDOW).execute()
    return int(used)
