"""The broker's address in the form that Celery's transport reads, which takes other words than redis-py."""

from urllib.parse import parse_qsl, urlencode, urlsplit


def for_celery(url: str) -> str:
    """Return an address of REDIS_URL as kombu reads it: the same server, database and check of certificates."""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query))
    number = given.pop("db", "")
    scheme, path = parts.scheme, f"/{number}" if number else parts.path
    if scheme == "unix":
        scheme, path, given = "redis+socket", parts.path, {"virtual_host": number} if number else {}
    elif scheme == "rediss":
        given.setdefault("ssl_cert_reqs", "required")  # kombu would check no certificate, where redis-py does
    return f"{scheme}://{parts.netloc}{path}{'?' if given else ''}{urlencode(given)}"
