"""Kinds of settings that name places on the network or the disk, keys and headers: read to their last part.

What is accepted here works later: a mistyped word would else be told by a library, or by nobody.
"""

import base64
import ipaddress
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from hub.environment.kinds import Kind, address

# libpq's words, https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
WORDS = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "gssencmode": ("disable", "prefer", "require"),
    "channel_binding": ("disable", "prefer", "require"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
}
NUMBERS = ("connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count")
HOST = re.compile(r"\*|\.?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\]", re.IGNORECASE)
HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+=[^\s,][^,]*")
KEY_BYTES = 32


def _database(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError
    try:
        found = {name: str(value) for name, value in conninfo_to_dict(text).items() if value is not None}
    except (psycopg.Error, UnicodeError) as error:
        raise ValueError from error
    if any(found[name] not in words for name, words in WORDS.items() if name in found):
        raise ValueError
    if not all(port.isdigit() and 0 < int(port[:6]) < 65536 for port in found.get("port", "1").split(",") if port):
        raise ValueError
    for name in NUMBERS:
        int(found.get(name, "0"))
    return text


def _redis(text: str) -> str:
    parts = urlsplit(address("redis", "rediss", "unix").read(text))
    numbers = parse_qs(parts.query, keep_blank_values=True).get("db", [])
    if parts.scheme != "unix" and parts.path.strip("/"):
        numbers.append(parts.path.strip("/"))
    if not all(number.isascii() and number.isdigit() for number in numbers):
        raise ValueError
    return text


def _host(text: str) -> str:
    if not HOST.fullmatch(text):
        raise ValueError
    return text


def _host_and_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not (port == "*" or (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536)):
        raise ValueError
    if host != "localhost":
        ipaddress.ip_network(host.removeprefix("[").removesuffix("]"))
    return text


def _existing_folder(text: str) -> str:
    if not Path(text).is_dir():
        raise ValueError
    return text


def _keys(text: str) -> str:
    for key in re.split(r"[\s,]+", text):
        if key and len(base64.urlsafe_b64decode(key)) != KEY_BYTES:
            raise ValueError
    return text


def _headers(text: str) -> str:
    if not all(HEADER.fullmatch(part.strip()) for part in text.split(",") if part.strip()):
        raise ValueError
    return text


DATABASE = Kind("an address like postgresql://user:password@host:5432/name, with libpq's own parameters", _database)
REDIS = Kind("an address like redis://host:6379/0, rediss:// or unix://, with the database's number", _redis)
HOST_NAME = Kind("a name without scheme and port, or * for all", _host)
HOST_AND_PORT = Kind(
    "localhost, an address or a network, with a port or *: 127.0.0.1:*, 10.1.2.3:443, 10.1.0.0/16:443 or [::1]:443",
    _host_and_port,
)
EXISTING_FOLDER = Kind("the path of a folder that is there", _existing_folder)
KEYS = Kind("keys of `manage.py rotate_keys --new-key` (44 characters each), with commas between", _keys)
HEADERS = Kind("name=value, with commas between", _headers)
