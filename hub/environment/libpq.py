"""The address of a database, tried by libpq itself: it refuses here what it would refuse when the hub connects."""

import ipaddress
import os
from collections.abc import Mapping

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hub.environment.kinds import Because, shown

SCHEMES = ("postgresql://", "postgres://")
NOWHERE = "/proc/nowhere"  # a folder of sockets that no system has: libpq looks at all else before it asks there
# What libpq reads only when it is connected to a server over the network.
NUMBERS = (
    "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
)  # fmt: skip
FILES = ("sslcert", "sslkey", "sslrootcert", "sslcrl")
MOST_SECONDS = 2**31 - 1  # libpq's numbers are of 32 bits
LONGEST_SAID = 150  # characters of what libpq says
LONGEST_NAME = 63  # characters of a database's name that PostgreSQL keeps and Django takes


def parameters(url: str) -> dict[str, str]:
    """Return what an address says, by libpq's names; raise ValueError where libpq cannot read it."""
    try:
        return {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except (psycopg.Error, UnicodeError) as error:
        said = str(error).strip()  # other messages repeat the whole address
        raise (Because(shown(said)) if said.startswith("invalid URI query parameter") else ValueError()) from error


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
    if (not name and "service" not in found) or len(name) > LONGEST_NAME:
        raise Because("it does not name the database" if not name else "the name of its database is too long")
    if found.get("replication"):
        raise Because("its replication is for copies of a database")
    for port in found.get("port", "").split(","):
        if port and not (port.isascii() and port.isdigit() and len(port) < 6):
            raise Because("its port is no number")
    for number in NUMBERS:
        given = found.get(number, "0")
        if not given.lstrip("-").isdigit() or not given.isascii() or abs(int(given[:12])) > MOST_SECONDS:
            raise Because(f"its {number} is no number that libpq takes")
    for each in found.get("hostaddr", "").split(","):
        if each and not _is_address(each):
            raise Because("its hostaddr is no address in numbers")
    hosts, addresses = (found.get(each, "").count(",") for each in ("host", "hostaddr"))
    if found.get("host") and found.get("hostaddr") and hosts != addresses:
        raise Because("its hosts and its hostaddr are not of one number")
    for file in FILES:
        if found.get(file) and (file, found[file]) != ("sslrootcert", "system") and not os.path.isfile(found[file]):
            raise Because(f"its {file} is no file that is there")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _ask_libpq(found: Mapping[str, str]) -> None:
    """Let libpq begin to connect to nowhere: it complains of nowhere only where it accepts everything else."""
    many = max(found.get(each, "").count(",") for each in ("host", "hostaddr"))
    asked = {name: value for name, value in found.items() if name not in ("host", "hostaddr")}
    link = pq.PGconn.connect_start(make_conninfo(**asked, host=",".join([NOWHERE] * (many + 1))).encode())
    try:
        if NOWHERE.encode() not in link.error_message:
            said = link.error_message.decode(errors="replace").strip().splitlines() or ["libpq does not take it"]
            raise Because(shown(said[0], LONGEST_SAID))
    finally:
        link.finish()
