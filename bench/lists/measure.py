"""Ask every address often enough for a median, in process and over HTTP, and count what it costs.

Beside the time on the clock stands the processor time of this process and of its connection's server process together:
what else runs on the machine lengthens the first, and hardly the second.
"""

import gc
import http.client
import os
import re
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.lists.addresses import Asked, all_of, find
from bench.lists.firm import STAFF
from governance import clients
from governance.actor import ENGINE
from governance.api.scopes import LAYERS
from governance.models import ApiClient, User
from hub import garbage
from hub.supervisor import parts
from hub.supervisor.options import of_process
from hub.supervisor.port import HOST
from hub.supervisor.servers import Servers

LIMIT = 150.0  # milliseconds, at the median
PATIENCE = 4.0  # seconds after which an address is asked no more
FEWEST = 3
OVER_HTTP = (
    "Transactions: all", "Transactions: state failed", "Transactions: company HP-GB", "Runs: all", "Search: a key",
    "Work items: tab work", "Work items: one with the most members", "Home: of clara", "Transactions: API, all",
    "Records: API, all",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """What one address took, in milliseconds."""

    asked: Asked
    times: tuple[float, ...]
    processor: float
    queries: int
    over_http: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        """Return the median of the times."""
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        """Return the time that at most one in twenty exceeds."""
        return sorted(self.times)[max(0, -(-95 * len(self.times) // 100) - 1)]

    @property
    def too_slow(self) -> bool:
        """Whether the median is beyond what was promised."""
        return self.median > LIMIT


def measure(rounds: int, servers: Servers, only: str = "") -> list[Measured]:
    """Ask everything; return what it took, in the order of the addresses. Raises AssertionError for a wrong answer."""
    asked = [each for each in all_of(find()) if re.search(only, f"{each.group}: {each.what}")]
    found, browsers = in_process(asked, rounds, STAFF)
    return found if only else _over_http(found, rounds, servers, browsers)


def in_process(asked: Iterable[Asked], rounds: int, staff: Iterable[str]) -> tuple[list[Measured], dict[str, Client]]:
    """Ask addresses as people of the staff; return what they took, in their order, and everybody's browser."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    call_command("collectstatic", interactive=False, verbosity=0)
    browsers = {name: _browser(name) for name in staff}
    tokens = {name: _token(name) for name in staff}
    garbage.spare_what_is_loaded()  # as the hub's own processes do
    return [_measured(each, rounds, _asking(each, browsers, tokens)) for each in asked], browsers


def _measured(asked: Asked, rounds: int, ask: Callable[[], Any]) -> Measured:
    answer = ask()  # what only the first of all asks, and pages that the database had not read yet
    assert answer.status_code == 200, (asked, answer.status_code, answer.content[:500])
    with CaptureQueriesContext(connection) as captured:
        ask()
    queries = len(captured)
    times: list[float] = []
    processor: list[float] = []
    gc.collect()
    began = time.monotonic()
    while len(times) < rounds and (len(times) < min(FEWEST, rounds) or time.monotonic() - began < PATIENCE):
        spent, at = processor_time(), time.perf_counter()
        ask()
        times.append((time.perf_counter() - at) * 1000)
        processor.append((processor_time() - spent) * 1000)
    made = Measured(asked, tuple(times), statistics.median(processor), queries)
    print(f"  {made.median:8.1f} ms {made.processor:8.1f} ms cpu {made.queries:3} queries  "
          f"{asked.user:7} {asked.group}: {asked.what}", file=sys.stderr, flush=True)  # fmt: skip
    return made


def processor_time() -> float:
    """Return the seconds that this process and its server process have worked; not what parallel workers did."""
    pid = connection.connection.info.backend_pid
    with open(f"/proc/{pid}/schedstat") as file:
        return time.process_time() + int(file.read().split()[0]) / 1e9


def _asking(asked: Asked, browsers: dict[str, Client], tokens: dict[str, str]) -> Callable[[], Any]:
    if asked.address.startswith("/api/"):
        headers = {"Authorization": f"Bearer {tokens[asked.user]}"}
        program = Client()  # one for all rounds: to load the middleware is a start's cost, and no request's
        return lambda: program.get(asked.address, headers=headers)
    return lambda: browsers[asked.user].get(asked.address)


def _browser(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def _token(name: str) -> str:
    made, secret = clients.register(name=f"Program of {name} {time.time_ns()}", scopes=tuple(LAYERS), by=ENGINE)
    ApiClient.objects.filter(pk=made.pk).update(user=User.objects.get(username=name), requests_per_minute=1_000_000)
    given = {"grant_type": "client_credentials", "client_id": made.client_id, "client_secret": secret}
    answer = Client().post("/oauth/token/", given)
    assert answer.status_code == 200, answer.content
    return str(answer.json()["access_token"])


def _over_http(found: list[Measured], rounds: int, servers: Servers, browsers: dict[str, Client]) -> list[Measured]:
    """Ask some once more, through gunicorn."""
    environment = parts.environment(of_process(), {**os.environ, **servers.environment}, {})
    environment |= {"STATE": os.environ["STATE"], "ALLOWED_HOSTS": "*"}
    with socket.create_server((HOST, 0)) as listening:
        listening.set_inheritable(True)
        web = parts.web(servers.places, environment, listening.fileno())
        web.start()
        try:
            return [_once_more(each, rounds, listening.getsockname()[1], browsers) for each in found]
        finally:
            web.ask_to_stop()
            web.stop()


def _once_more(each: Measured, rounds: int, port: int, browsers: dict[str, Client]) -> Measured:
    if f"{each.asked.group}: {each.asked.what}" not in OVER_HTTP or each.asked.address.startswith("/api/"):
        return each
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browsers[each.asked.user].cookies.items())
    times = []
    for _ in range(rounds + 1):
        at = time.perf_counter()
        there = http.client.HTTPConnection(HOST, port, timeout=60)
        there.request("GET", each.asked.address, headers={"Cookie": cookies, "Host": f"{HOST}:{port}"})
        answer = there.getresponse()
        answer.read()
        there.close()
        times.append((time.perf_counter() - at) * 1000)
        assert answer.status == 200, (each.asked, answer.status)
    return replace(each, over_http=tuple(times[1:]))
