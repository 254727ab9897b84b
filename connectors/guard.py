"""Decides which addresses the hub may talk to. Everything internal is refused unless the operator allowed it.

The question is asked where the socket is made, with the address that will really be connected: names, redirects and
rebinding cannot get around it. Allowed internal addresses are the operator's setting `OUTBOUND_ALLOWED`
("127.0.0.1:8601", "10.1.0.0/16:443", "[::1]:8601"; "*" for any port), never the admin's.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # all that IANA has given out; site-local and the rest lie outside
# IANA's special-purpose registries, where "globally reachable" does not say True: RFC 6890 and what has followed it.
# Written down here because Python's own list misses some and changes with its patch releases.
_NOT_GLOBAL: tuple[Network, ...] = tuple(
    ipaddress.ip_network(written)
    for written in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
)  # fmt: skip
_GLOBAL_WITHIN: tuple[Network, ...] = tuple(
    ipaddress.ip_network(written)
    for written in (
        "192.0.0.9/32", "192.0.0.10/32",
        "2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:3::/32", "2001:4:112::/48", "2001:20::/28",
        "2001:30::/28",
    )
)  # fmt: skip


class AddressRefused(OSError):
    """The address lies inside the network that the hub runs in, and the operator has not allowed it."""

    def __init__(self, address: str, port: int) -> None:
        self.address, self.port = address, port
        super().__init__(
            f"refused by the address guard: {address} port {port} is an internal address. "
            f"The operator can allow it by adding {address}:{port} to OUTBOUND_ALLOWED."
        )

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Allowed:
    """One entry of OUTBOUND_ALLOWED; port None is any port."""

    network: Network
    port: int | None

    def covers(self, address: Address, port: int) -> bool:
        """Return whether the entry allows this address and port."""
        same = address.version == self.network.version and address in self.network
        return same and self.port in (None, port)


class Guard:
    """Checks addresses against the rules above."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self.allowed = tuple(entry for written in allowed for entry in parse_allowed(written))

    def check(self, written: str, port: int) -> None:
        """Raise AddressRefused unless the IP address may be connected."""
        address = ipaddress.ip_address(written.split("%", 1)[0])
        meant = embedded(address)
        if any(entry.covers(meant, port) or entry.covers(address, port) for entry in self.allowed):
            return
        if not (_public(address) and _public(meant)):
            raise AddressRefused(str(meant), port)


def parse_allowed(written: str) -> list[Allowed]:
    """Read one entry of OUTBOUND_ALLOWED; raises ValueError naming the entry and the accepted forms."""
    host, separator, port = written.strip().rpartition(":")
    hosts = ["127.0.0.1", "::1"] if host == "localhost" else [host.strip("[]")]
    try:
        if not separator:
            raise ValueError("no port")
        number = None if port == "*" else int(port)
        return [Allowed(ipaddress.ip_network(item, strict=False), number) for item in hosts]
    except ValueError as error:
        forms = "127.0.0.1:8601, 10.1.0.0/16:443, [::1]:8601 or 10.0.0.5:*"
        raise ValueError(
            f"OUTBOUND_ALLOWED: {written!r} is not usable ({error}). Write for example {forms}."
        ) from error


def embedded(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address carries (mapped, NAT64, 6to4, Teredo, compatible), else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (address in _NAT64 or address.ipv4_mapped):
        return True  # judged by the address that it carries
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return not any(address.version == each.version and address in each for each in _NOT_GLOBAL) or any(
        address.version == each.version and address in each for each in _GLOBAL_WITHIN
    )
