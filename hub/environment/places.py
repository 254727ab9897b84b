"""Kinds of settings that name places on the network or the disk, keys and headers: read to their last part.

What is accepted here works later: a mistyped word would else be told by a library, or by nobody.
"""

import ipaddress
import json
import os
import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from governance import keys
from hub.environment import libpq
from hub.environment.kinds import Because, Kind, shown

LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
HOST = re.compile(rf"\.?{LABEL}(\.{LABEL})*\.?", re.IGNORECASE | re.ASCII)
LONGEST_HOST = 253  # RFC 1035, written with dots
HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+=[!-+\--~][ -+\--~]*")  # printable ASCII, no comma
LAST_PORT = 65535
# What both of the broker's readers take, redis-py and kombu; others end in one of the two.
REDIS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
REDIS_WORDS = {"ssl_cert_reqs": ("none", "optional", "required"), "ssl_check_hostname": ("true", "false")}


def _port(text: str) -> bool:
    return len(text) <= len(str(LAST_PORT)) and text.isascii() and text.isdigit() and 0 < int(text) <= LAST_PORT


def is_host(text: str) -> bool:
    """Tell whether a text is the name of a machine or its address; IPv6 has its brackets around."""
    if text.startswith("["):
        return text.endswith("]") and _is_address(text[1:-1], 6)
    if not HOST.fullmatch(text) or len(text) > LONGEST_HOST:
        return False
    numbers = text.replace(".", "").isdigit()  # such a name is always read as an address
    return not numbers or _is_address(text, 4)


def _is_address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version and "%" not in text
    except ValueError:
        return False


def web_address(text: str) -> SplitResult:
    """Return the parts of an address over http or https: a host, perhaps a port and a path, and nothing behind.

    Raises:
        ValueError: It is none.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or parts.query or parts.fragment or not text.isprintable() or " " in text:
        raise ValueError
    _read_host(parts)
    return parts


def _read_host(parts: SplitResult) -> None:
    where = parts.netloc.rpartition("@")[2]
    host, _, port = where.rpartition(":") if not where.endswith("]") and ":" in where else (where, "", "")
    if not is_host(host) or host.startswith(".") or (port and not _port(port)):
        raise ValueError


def _collector(text: str) -> str:
    web_address(text)
    return text


def _systems(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError from error
    if not isinstance(found, dict):
        raise ValueError
    for each in found.values():
        web_address(each if isinstance(each, str) else "")
    return found


def _redis(text: str) -> str:
    parts = urlsplit(text)
    if not text.startswith(("redis://", "rediss://", "unix://")) or parts.fragment:
        raise ValueError
    if " " in text or not text.isprintable():
        raise ValueError
    if parts.scheme == "unix":
        if parts.netloc.rpartition("@")[2] or not unquote(parts.path).strip("/"):
            raise ValueError
    elif parts.netloc.rpartition("@")[2]:
        _read_host(parts)
    _read_redis_parameters(parts)
    return text


def _read_redis_parameters(parts: SplitResult) -> None:
    given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query), errors="strict")
    if parts.scheme != "unix" and parts.path.strip("/"):
        given.append(("db", parts.path.strip("/")))
    if len(dict(given)) != len(given):  # twice the same, or two numbers of the database
        raise Because("one of its parameters stands there twice")
    for name, value in given:
        if name == "db":
            right = value.isascii() and value.isdigit() and len(value) < 6
        elif parts.scheme != "rediss":
            right = False
        elif name in REDIS_FILES:
            right = os.path.isfile(value)
        else:
            right = value in REDIS_WORDS.get(name, ())
        if not right:
            raise Because(f"its {shown(name)} cannot be that")


def _host(text: str) -> str:
    if text != "*" and not is_host(text):
        raise ValueError
    return text.removesuffix(".")  # browsers may send it, and it is compared without


def _host_and_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not (port == "*" or _port(port)):
        raise ValueError
    if host.startswith("["):
        if not host.endswith("]") or ipaddress.ip_network(host[1:-1]).version != 6:
            raise ValueError
    elif host != "localhost":
        ipaddress.ip_network(host)
    return text


def _existing_folder(text: str) -> str:
    if not os.path.isdir(text):
        raise ValueError
    return text


def _keys(text: str) -> str:
    found = keys.split(text)
    if not found or not all(keys.KEY.fullmatch(key) for key in found):
        raise ValueError
    return text


def _headers(text: str) -> str:
    if not all(HEADER.fullmatch(part.strip()) for part in text.split(",") if part.strip()):
        raise ValueError
    return text


DATABASE = Kind("an address like postgresql://user:password@host:5432/name, with libpq's own parameters", libpq.address)
REDIS = Kind(
    "an address like redis://host:6379/0, rediss:// or unix://, with the database's number; rediss:// may have "
    f"{', '.join((*REDIS_WORDS, *REDIS_FILES))}",
    _redis,
)
COLLECTOR = Kind("an address like http://host:4318 or https://, without parameters", _collector)
SYSTEMS = Kind("a JSON object of addresses by name", _systems)
HOST_NAME = Kind("a name without scheme and port, or * for all", _host)
HOST_AND_PORT = Kind(
    "localhost, an address or a network, with a port or *: 127.0.0.1:*, 10.1.2.3:443, 10.1.0.0/16:443 or [::1]:443",
    _host_and_port,
)
EXISTING_FOLDER = Kind("the path of a folder that is there", _existing_folder)
KEYS = Kind("keys of `manage.py rotate_keys --new-key` (44 characters each), with commas between", _keys)
HEADERS = Kind("name=value, with commas between", _headers)
