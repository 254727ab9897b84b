"""The address of a database, tried by libpq itself: it refuses here what it would refuse when the hub connects."""

import ipaddress
import os
from collections.abc import Mapping

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

SCHEMES = ("postgresql://", "postgres://")
NOWHERE = "/proc/nowhere"  # a folder of sockets that no system has: libpq looks at all else before it asks there
# What libpq reads only when it is connected to a server over the network.
NUMBERS = (
    "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
)  # fmt: skip
FILES = ("sslcert", "sslkey", "sslrootcert", "sslcrl")
MOST_SECONDS = 2**31 - 1  # libpq's numbers are of 32 bits
LONGEST_NAME = 63  # characters of a database's name that PostgreSQL keeps and Django takes


def parameters(url: str) -> dict[str, str]:
    """Return what an address says, by libpq's names; raise ValueError where libpq cannot read it."""
    try:
        return {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except (psycopg.Error, UnicodeError) as error:
        raise ValueError from error


def address(text: str) -> str:
    """Return the address of a database as it was given; raise ValueError where it cannot be connected to."""
    if not text.startswith(SCHEMES) or "\0" in text:
        raise ValueError
    found = parameters(text)
    _read_the_rest(found)
    _ask_libpq(found)
    return text


def _read_the_rest(found: Mapping[str, str]) -> None:
    """Look at what libpq itself looks at too late."""
    name = found.get("dbname", "")
    if (not name and "service" not in found) or len(name) > LONGEST_NAME or found.get("replication"):
        raise ValueError
    for port in found.get("port", "").split(","):
        if port and not (port.isascii() and port.isdigit() and len(port) < 6):
            raise ValueError
    for number in NUMBERS:
        given = found.get(number, "0")
        if not given.lstrip("-").isdigit() or not given.isascii() or abs(int(given[:12])) > MOST_SECONDS:
            raise ValueError
    for each in found.get("hostaddr", "").split(","):
        if each:
            ipaddress.ip_address(each)
    hosts, addresses = (found.get(each, "").count(",") for each in ("host", "hostaddr"))
    if found.get("host") and found.get("hostaddr") and hosts != addresses:
        raise ValueError
    for file in FILES:
        if found.get(file) and (file, found[file]) != ("sslrootcert", "system") and not os.path.isfile(found[file]):
            raise ValueError


def _ask_libpq(found: Mapping[str, str]) -> None:
    """Let libpq begin to connect to nowhere: it complains of nowhere only where it accepts everything else."""
    many = max(found.get(each, "").count(",") for each in ("host", "hostaddr"))
    asked = {name: value for name, value in found.items() if name not in ("host", "hostaddr")}
    link = pq.PGconn.connect_start(make_conninfo(**asked, host=",".join([NOWHERE] * (many + 1))).encode())
    try:
        if NOWHERE.encode() not in link.error_message:
            raise ValueError
    finally:
        link.finish()
