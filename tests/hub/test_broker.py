"""The broker's address as Celery reads it: the same server and database that redis-py reads from REDIS_URL."""

import pytest
import redis
from kombu import Connection

from hub.environment.broker import for_celery

FORMS = {
    "unix:///run/hub/redis.sock": "redis+socket:///run/hub/redis.sock",
    "unix:///run/hub/redis.sock?db=3": "redis+socket:///run/hub/redis.sock?virtual_host=3",
    "unix://hub:secret@/run/redis.sock": "redis+socket://hub:secret@/run/redis.sock",
    "redis://": "redis://",
    "redis://queue:6379/0": "redis://queue:6379/0",
    "redis://:p%40ss@queue?db=2": "redis://:p%40ss@queue/2",
    "rediss://queue:6380/1": "rediss://queue:6380/1?ssl_cert_reqs=required",
    "rediss://[::1]/?db=1&ssl_cert_reqs=none": "rediss://[::1]/1?ssl_cert_reqs=none",
}


@pytest.mark.parametrize("url", FORMS)
def test_address_keeps_its_server_database_and_check(url: str) -> None:
    assert for_celery(url) == FORMS[url]
    theirs = redis.Redis.from_url(url).connection_pool.connection_kwargs
    with Connection(for_celery(url)) as link:
        channel = object.__new__(link.transport.Channel)  # one that connects to nothing
        channel.connection = link.transport
        ours = channel._connparams()
    assert int(ours["db"]) == int(theirs.get("db") or 0)
    assert ours.get("path") == theirs.get("path")
    assert (ours["username"] or None, ours["password"]) == (theirs.get("username"), theirs.get("password"))
    if "path" not in theirs:
        assert ours["host"] == theirs.get("host", "127.0.0.1")


def test_broker_answers_celery_at_the_address_that_redis_py_reads(redis_url: str) -> None:
    with Connection(for_celery(redis_url), transport_options={"socket_connect_timeout": 2, "max_retries": 0}) as link:
        link.ensure_connection(max_retries=1)
        queue = link.SimpleQueue("test-broker")
        queue.put("there")
        assert queue.get(timeout=5).payload == "there"
        queue.close()
