"""Every setting that the operator may give by the environment: its kind, its default and what it is for.

A new one is a line here. The operator's guide has the same table, and a test holds the two equal.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from hub.environment import kinds, places
from hub.environment.kinds import Kind

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent.parent  # the folder of manage.py
LANES = ("posting", "master", "analytics", "intake")


@dataclass(frozen=True)
class Variable(Generic[T]):
    """One setting. A `secret` is never shown, and can be given as a file: its name and `_FILE`."""

    name: str
    kind: Kind[T]
    default: T
    meaning: str
    default_in_words: str = ""  # where the value itself says little
    secret: bool = False

    @property
    def file(self) -> str:
        """Return the name of the entry that tells the file with the value."""
        return f"{self.name}_FILE"


STATE = Variable("STATE", kinds.FOLDER, ROOT / ".state", "folder of everything that the hub keeps on disk", "`.state`")
PORT = Variable("PORT", kinds.whole(0, 65535), 8000, "of the web process, on 127.0.0.1; 0 takes a free one")
SANDBOX_PORT: Variable[int | None] = Variable(
    "SANDBOX_PORT", kinds.whole(0, 65535), None, "first port of the simulated systems, on 127.0.0.1", "PORT + 600"
)
DEMO = Variable("DEMO", kinds.SWITCH, True, "0: no demonstration firm and no simulated systems")
DATABASE_URL = Variable(
    "DATABASE_URL", places.DATABASE, "",
    "your own PostgreSQL, 18 or newer: `postgresql://user:password@host:5432/name`; libpq's parameters may follow, "
    "such as `?sslmode=verify-full`",
    "the embedded server", secret=True,
)  # fmt: skip
DATABASE_PASSWORD = Variable(
    "DATABASE_PASSWORD", kinds.secret_of(1), "", "password of DATABASE_URL, where that names none", "none", secret=True
)
REDIS_URL = Variable(
    "REDIS_URL", places.REDIS, "", "your own Redis: `redis://host:6379/0`",
    "the embedded server", secret=True,
)  # fmt: skip
WORKERS = Variable(
    # Both carry posting, which earns the money; only the second carries analytics, so that a heavy report leaves the
    # first one free.
    "WORKERS", kinds.workers(LANES), ("posting,intake", "posting,master,analytics"),
    "one entry per worker process, each with the lanes that it serves; with `none` there is no clock, either",
    "`posting,intake;posting,master,analytics`",
)  # fmt: skip
WORKER_THREADS = Variable(
    "WORKER_THREADS", kinds.whole(1, 1000), 8,
    "threads of each worker process; each keeps a connection to the database",
)  # fmt: skip
WEB_PROCESSES = Variable("WEB_PROCESSES", kinds.whole(1, 64), 2, "processes that answer pages and the API")
WEB_THREADS = Variable(
    "WEB_THREADS", kinds.whole(1, 1000), 16, "threads of each of them; each keeps a connection to the database"
)
SECRET_KEY = Variable(
    "SECRET_KEY", kinds.secret_of(32), "", "signs sessions; not the key of stored credentials", "made in STATE",
    secret=True,
)  # fmt: skip
THROUGHLINE_KEYS = Variable(
    "THROUGHLINE_KEYS", places.KEYS, "",
    "encryption keys of stored credentials, newest first, with commas: [Encryption keys](encryption-keys.md)",
    "the file `keys` in STATE", secret=True,
)  # fmt: skip
ALLOWED_HOSTS = Variable(
    "ALLOWED_HOSTS", kinds.several_of(",", places.HOST_NAME, least=1),
    ["localhost", "127.0.0.1", "[::1]", "testserver"],
    "names under which the pages may be asked for, with commas", "`localhost,127.0.0.1,[::1]`",
)  # fmt: skip
HTTPS = Variable(
    "HTTPS", kinds.SWITCH, False,
    "1: people reach the pages over https, through a proxy of yours; cookies then never go over http",
)  # fmt: skip
TRUSTED_PROXIES = Variable(
    "TRUSTED_PROXIES", kinds.whole(0, 20), 0,
    "how many proxies of yours stand in front and add to `X-Forwarded-For`; the address of who signs in is taken from "
    "there",
)  # fmt: skip
SESSION_HOURS = Variable(
    "SESSION_HOURS", kinds.number("hours", 0.05, 8760), 12.0,
    "hours until somebody has to sign in again; closing the browser ends a session, too",
)  # fmt: skip
TOTP_REQUIRED = Variable(
    "TOTP_REQUIRED", kinds.SWITCH, False, "1: whose roles approve or administer must have a second factor"
)
OUTBOUND_ALLOWED = Variable(
    "OUTBOUND_ALLOWED", kinds.several_of(",", places.HOST_AND_PORT), [],
    "internal addresses that connectors and providers for signing in may have, `10.1.2.3:443` or `127.0.0.1:*`, with "
    "commas",
    "none",
)  # fmt: skip
CONNECTOR_PATHS = Variable(
    "CONNECTOR_PATHS",
    kinds.several_of(":", places.EXISTING_FOLDER),
    [],
    "more folders with connectors, with colons",
    "none",
)
LEASE_SECONDS = Variable(
    "LEASE_SECONDS", kinds.seconds(0.1, 86400), 120.0, "seconds that a worker owns what it has claimed"
)
REQUEST_TIMEOUT_SECONDS = Variable(
    "REQUEST_TIMEOUT_SECONDS", kinds.seconds(0.05, 43200), 50.0,
    "seconds of the longest request to a system; must stay below half a lease",
)  # fmt: skip
DELIVERY_BATCH = Variable("DELIVERY_BATCH", kinds.whole(1, 100_000), 500, "records that a worker claims at once")
DELIVERY_AT_ONCE = Variable(
    "DELIVERY_AT_ONCE", kinds.whole(1, 10_000), 32,
    "calls side by side of one such batch; the connection's own limit counts too",
)  # fmt: skip
CONSIGNMENTS = Variable(
    "CONSIGNMENTS", kinds.SWITCH, True,
    "0: a page's new records are queued one by one and never travel as one row",
)  # fmt: skip
BULK_MEMBERS_ALONE = Variable(
    "BULK_MEMBERS_ALONE", kinds.whole(1, 50_000), 1000,
    "members that one person sends, waives or approves in one bulk run; more need a second person",
)  # fmt: skip
BULK_AMOUNT_ALONE = Variable(
    "BULK_AMOUNT_ALONE", kinds.whole(1, 1_000_000_000_000), 250_000,
    "amount, in any one currency, above which a bulk run needs a second person",
)  # fmt: skip
BULK_PACE = Variable("BULK_PACE", kinds.whole(1, 1_000_000), 1200, "members that a bulk run takes on in a minute")
BODY_PATIENCE = Variable(
    "BODY_PATIENCE", kinds.seconds(0.05, 3600), 10.0,
    "seconds without a byte of a body, and three times as many for all of it, until its sender gets 408 and its place "
    "goes to others",
)  # fmt: skip
EVENT_BYTES = Variable(
    "EVENT_BYTES", kinds.whole(1, 1_000_000_000), 4 * 1024 * 1024, "bytes of the largest body of a pushed event"
)
EVENT_RECORDS = Variable("EVENT_RECORDS", kinds.whole(1, 1_000_000), 2000, "most records of one event")
EVENT_TIMEOUT_SECONDS = Variable(
    "EVENT_TIMEOUT_SECONDS", kinds.seconds(0.05, 3600), 15.0, "seconds that a subscriber has to answer an event out"
)
EVENT_DISABLE_DAYS = Variable(
    "EVENT_DISABLE_DAYS", kinds.whole(1, 365), 5, "days without anything arriving, then a subscription is switched off"
)
EVENT_KEEP_DAYS = Variable(
    "EVENT_KEEP_DAYS", kinds.whole(1, 3650), 30, "days that events out are kept to be sent again"
)
API_REQUESTS_PER_MINUTE = Variable(
    "API_REQUESTS_PER_MINUTE", kinds.whole(1, 1_000_000), 600,
    "how often one caller of the API may ask, unless its client says otherwise",
)  # fmt: skip
API_COUNTS_IN = Variable(
    "API_COUNTS_IN", kinds.choice("rows", "redis"), "rows",
    "where that is counted: rows of the database, or Redis, which takes the writes off it",
)  # fmt: skip
LOG_LEVEL = Variable("LOG_LEVEL", kinds.choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), "INFO", "of all logs")
LOG_FORMAT = Variable(
    "LOG_FORMAT",
    kinds.choice("line", "json"),
    "line",
    "json: one object a line, with ids that join what belongs together",
)
METRICS_TOKEN = Variable(
    "METRICS_TOKEN", kinds.token_of(16), "",
    "bearer token with which Prometheus asks `/metrics`; without one there are no figures", "none", secret=True,
)  # fmt: skip
OTEL_EXPORTER_OTLP_ENDPOINT = Variable(
    "OTEL_EXPORTER_OTLP_ENDPOINT", places.COLLECTOR, "",
    "collector of traces that takes OTLP over HTTP: `http://collector:4318`", "none",
)  # fmt: skip
OTEL_EXPORTER_OTLP_HEADERS = Variable(
    "OTEL_EXPORTER_OTLP_HEADERS", places.HEADERS, "", "headers for the collector, `name=value`, with commas", "none",
    secret=True,
)  # fmt: skip
OTEL_SERVICE_NAME = Variable("OTEL_SERVICE_NAME", kinds.TEXT, "throughline", "how traces call this installation")
OTEL_TRACES_SAMPLER = Variable(  # these two are read by OpenTelemetry's SDK itself
    "OTEL_TRACES_SAMPLER",
    kinds.choice(
        "always_on", "always_off", "traceidratio",
        "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
    ),
    "", "which traces are sent", "`parentbased_always_on`",
)  # fmt: skip
OTEL_TRACES_SAMPLER_ARG = Variable(
    "OTEL_TRACES_SAMPLER_ARG",
    kinds.number("parts", 0, 1),
    1.0,
    "the part that `traceidratio` sends: 0.05 is a twentieth",
)
DEBUG = Variable("DEBUG", kinds.SWITCH, False, "never 1 where anybody else can reach the pages")
SANDBOX: Variable[dict[str, str]] = Variable(
    "SANDBOX", places.SYSTEMS, {}, "addresses of the simulated systems", "set by `make run`"
)

VARIABLES: tuple[Variable[object], ...] = tuple(each for each in globals().values() if isinstance(each, Variable))
