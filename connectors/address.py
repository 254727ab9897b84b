"""Reads addresses that people type: what cannot be called is refused in words, before anything is asked of it.

It knows nothing of who may be called: that is the guard's, which is asked again where the socket is made.
"""

import ipaddress
import re

from yarl import URL

_ADDRESS = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_DOTS = re.compile("[.。．｡]")  # that part a name, RFC 3490, section 3.1
_LABEL = re.compile(r"[A-Za-z0-9_-]+")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_PORT = re.compile(r"[0-9]{1,5}")
_SHOWN = 100  # characters of an address that a message repeats
_BRACKETED = "Write an IPv6 address as in https://[2001:db8::1]:8443."
_FOR_EXAMPLE = "Write for example https://api.acme.example."


class NotAnAddress(ValueError):
    """The text is no address that can be called. Neither cause nor remedy repeats any of it."""

    def __init__(self, cause: str, remedy: str = _FOR_EXAMPLE) -> None:
        super().__init__(cause)
        self.cause, self.remedy = cause, remedy

    def words(self, written: str) -> str:
        """Return what is wrong with the address as a sentence; `written` must hold no secret."""
        shown = written if len(written) <= _SHOWN else written[: _SHOWN - 1] + "…"
        return f"“{shown}” is not an address that can be called: {self.cause}."


def web_address(written: str) -> str:
    """Return the address with its name in the letters that the DNS knows, else as it is; raises NotAnAddress."""
    if not written.isprintable() or " " in written:
        raise NotAnAddress("there is a space or an invisible character in it", "Type it anew without that.")
    match = _ADDRESS.fullmatch(written)
    if match is None:
        raise NotAnAddress("it does not begin with http:// or https://")
    scheme, authority, rest = match.groups()
    if "@" in authority:
        raise NotAnAddress("a user or a password stands in it", "Leave out the @ and what stands before it.")
    host, port = _host_and_port(authority)
    if port and not (_PORT.fullmatch(port) and 1 <= int(port) <= 65535):
        raise NotAnAddress(
            "its port is not a whole number from 1 to 65535", "Leave it out, or write for example :8443."
        )
    colon = authority[len(host) : len(authority) - len(port)]
    name = _bracketed(host) if host.startswith("[") else _name(host)
    return f"{scheme}://{name}{colon}{port}{rest}"


def base_address(written: str) -> str:
    """Return an address to which paths are added, as `web_address` does; raises NotAnAddress."""
    address = web_address(written)
    if "?" in address or "#" in address:
        remedy = "End it where the system's own paths begin, before the ? or the #."
        raise NotAnAddress("a ? or a # stands in it, and no path can follow those", remedy)
    return address


def _host_and_port(authority: str) -> tuple[str, str]:
    if authority.startswith("["):
        inside, closed, port = authority.partition("]")
        if not closed:
            raise NotAnAddress("its [ has no ]", _BRACKETED)
        if port and not port.startswith(":"):
            raise NotAnAddress("something stands behind its ] that is no port", _BRACKETED)
        return inside + closed, port[1:]
    host, _, port = authority.partition(":")
    if ":" in port:
        raise NotAnAddress("it has an IPv6 address without brackets, or two ports", _BRACKETED)
    return host, port


def _bracketed(host: str) -> str:
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        raise NotAnAddress("what stands in its brackets is no IPv6 address", _BRACKETED) from None
    return host


def _name(written: str) -> str:
    """Return a host's name, or its IPv4 address, in ASCII."""
    if not written:
        raise NotAnAddress("it names no system")
    _check_lengths(written)
    name = written if written.isascii() else _encoded(written)
    _check_lengths(name)
    labels = name.removesuffix(".").split(".")
    if not all(map(_LABEL.fullmatch, labels)):
        raise NotAnAddress("its name has a character that no name has", "Use letters, digits, hyphens and dots.")
    if _NUMBER.fullmatch(labels[-1]) and not _is_ipv4(".".join(labels)):
        remedy = "Write four numbers from 0 to 255, as in http://192.0.2.10, or a name."
        raise NotAnAddress("its name is a number that is no IPv4 address", remedy)
    if not _is_readable(name):
        remedy = "Copy the name from where it is registered, or type it in its own letters."
        raise NotAnAddress("a part of its name begins with xn-- but is no international name", remedy)
    return name


def _check_lengths(name: str) -> None:
    labels = _DOTS.split(name)
    if not all(labels[:-1] if len(labels) > 1 else labels):  # a dot at the very end is meant: the DNS's own spelling
        raise NotAnAddress("its name has an empty part, as between two dots")
    if any(len(label) > 63 for label in labels):
        raise NotAnAddress("a part of its name is longer than 63 characters, the most that the DNS knows")
    if len(name) > 254:
        raise NotAnAddress("its name is longer than 253 characters, the most that the DNS knows")


def _encoded(name: str) -> str:
    """Return an international name in ASCII (IDNA 2008, UTS 46), in the way in which requests would be sent."""
    try:
        return URL.build(scheme="http", host=name).raw_host or ""
    except ValueError:
        remedy = "Check the name; if it is right, enter it in its ASCII form, which begins with xn--."
        raise NotAnAddress("its name cannot be written in the letters that the DNS knows", remedy) from None


def _is_readable(name: str) -> bool:
    """Return whether yarl, which decodes names that begin with xn--, can do so."""
    try:
        return bool(URL.build(scheme="http", host=name).host)
    except ValueError:
        return False


def _is_ipv4(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True
