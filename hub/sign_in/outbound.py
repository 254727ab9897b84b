"""Calls to a provider, which must not be turned against the network that the hub runs in.

The guard of the connectors is asked where the socket is made, with the address that will really be connected. Neither
proxies of the environment nor redirects are followed, and nothing goes over a line that others can read.
"""

import socket
import ssl
from functools import cache
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from connectors.guard import Guard
from hub.sign_in.providers import is_private

SECONDS = 10.0  # of connecting, and of each wait for the next byte


class GuardedSession(requests.Session):
    """A session of `requests` for what providers are asked."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.max_redirects = 0
        guarded = _Guarded()
        self.mount("https://", guarded)
        self.mount("http://", guarded)

    def send(self, request: requests.PreparedRequest, **given: Any) -> requests.Response:
        """Send; raises a RequestException for what is refused, too."""
        if not is_private(request.url or ""):
            raise requests.exceptions.InvalidURL(f"{request.url} is not https, so nothing is sent there.")
        given["timeout"] = given.get("timeout") or SECONDS
        return super().send(request, **given)


class _Guarded(HTTPAdapter):
    """Makes connections of ours, and trusts the certificates that this machine trusts."""

    def init_poolmanager(self, *args: Any, **given: Any) -> None:
        super().init_poolmanager(*args, **given, ssl_context=_trusted())
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}


@cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates of this machine, read once: that takes longer than a call."""
    return ssl.create_default_context()


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self.host, self.port, self.timeout)


class _Secure(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self.host, self.port, self.timeout)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


def _connected(host: str, port: int | None, timeout: object) -> socket.socket:
    """Return a socket to the first address of a host that answers; raises AddressRefused for an internal one."""
    guard, failure = Guard(settings.OUTBOUND_ALLOWED), OSError(f"{host} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM):
        guard.check(str(address[0]), int(address[1]))
        made = socket.socket(family, kind, protocol)
        made.settimeout(timeout if isinstance(timeout, int | float) else SECONDS)
        try:
            made.connect(address)
        except OSError as error:
            made.close()
            failure = error
        else:
            return made
    raise failure
