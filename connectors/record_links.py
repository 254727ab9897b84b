"""One click to a record in its own system: addresses made from the manifest's templates.

Only https, and only to the connection's own host or one of the same domain: a record whose fields were written by
somebody outside cannot lead a person elsewhere, and what is read from a simulator has no link.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from connectors.manifest.model import Manifest
from connectors.models import Connection
from connectors.paths import find
from connectors.registry import registry
from connectors.template import TemplateError

LONGEST = 2000


def link_of(connection: Connection, stream: str, *, id_: str = "", record: Mapping[str, Any] | None = None) -> str:
    """Return the address of a record of a stream in the system's own screens, "" where there is none.

    `id_` is its id there; without one it is read from `record`, as it came from the source, by the stream's key.
    """
    known = registry.connectors.get(connection.connector)
    return made(known.manifest, connection.answers, stream, id_=id_, record=record) if known else ""


def without(connection: Connection, stream: str) -> str:
    """Return in words why records of a stream have no address, and where they are found; "" where nobody has said."""
    known = registry.connectors.get(connection.connector)
    found = known.manifest.streams.get(stream) if known else None
    return found.no_record_link if found else ""


def made(
    manifest: Manifest, answers: Mapping[str, Any], stream: str, *, id_: str = "",
    record: Mapping[str, Any] | None = None,
) -> str:  # fmt: skip
    """Return the address that a manifest makes from answers; see `link_of`."""
    found = manifest.streams.get(stream)
    if found is None or found.record_link is None:
        return ""
    own = id_ or _key(found.key, record)
    scope = {"answers": manifest.completed(answers), "id": own or None, "record": record or {}}
    try:
        address = found.record_link.text(scope)
        base = manifest.base_url.text(scope | {"secrets": {}})
    except (TemplateError, ValueError):
        return ""
    return address if len(address) <= LONGEST and goes_home(address, base) else ""


def _key(key: Sequence[Any], record: Mapping[str, Any] | None) -> str:
    value = find(record, key[-1]) if record and key else None
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""


def goes_home(address: str, base: str) -> bool:
    """Tell whether an address is https and leads to the host of a base address, or to another one of its domain."""
    try:
        there, here = urlsplit(address), urlsplit(base)
        host, home = (there.hostname or "").lower(), (here.hostname or "").lower()
        plain = there.scheme == "https" and not there.username and not there.password
        plain = plain and (there.port in (None, 443) or there.netloc == here.netloc)
    except ValueError:
        return False
    if not plain or not host or any(each.isspace() or each in "\\<>\"'" for each in address):
        return False
    return host == home or _domain(host) == _domain(home) != ""


def _domain(host: str) -> str:
    """Return the last two names of a host; "" where it has fewer, or is a number."""
    names = host.split(".")
    return ".".join(names[-2:]) if len(names) > 2 and not names[-1].isdigit() else ""
