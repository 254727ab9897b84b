"""The broker's address in the form that Celery's transport reads, which takes other words than redis-py."""

from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit


def for_celery(url: str) -> str:
    """Return an address of REDIS_URL as kombu reads it: the same server, database and check of certificates."""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query))
    number = given.pop("db", "")
    if parts.scheme == "unix":
        on_socket = SplitResult(
            "redis+socket", parts.netloc, parts.path, f"virtual_host={number}" if number else "", ""
        )
        return on_socket.geturl()
    if parts.scheme == "rediss":
        given.setdefault("ssl_cert_reqs", "required")  # kombu would check no certificate, where redis-py does
    return parts._replace(path=f"/{number}" if number else parts.path, query=urlencode(given)).geturl()
