"""What the doctor looks at while the hub is in service: settings that fit, one time, workers, room, notes."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import RedisError

from governance.models import AuditEntry
from hub import signs, trail
from hub.supervisor.alone import Alone, told

Wrong = tuple[str, str, str]  # thing, cause, remedy
APART = 30.0  # seconds between two clocks that are told
FULL = 0.85  # share of the database's connections
ANSWER_SECONDS = 1.0  # that workers have to say which lanes they serve
PAGES_SECONDS = 5.0  # that the web process has to say that it lives
UNNOTED = timedelta(days=2)  # after which somebody should ask why the trail's head is not noted
LEAST_KEY = 32  # characters of SECRET_KEY


def settings_that_fit() -> Iterator[Wrong]:
    """The settings fit each other."""
    request, lease = settings.REQUEST_TIMEOUT_SECONDS, settings.LEASE_SECONDS
    if request >= lease / 2:
        yield (
            f"REQUEST_TIMEOUT_SECONDS is {request:g} with LEASE_SECONDS {lease:g}",
            "a request may still be on its way when its lease has ended and another worker takes the work over.",
            "Set REQUEST_TIMEOUT_SECONDS below half of LEASE_SECONDS, and start the hub again.",
        )
    if settings.DEBUG:
        yield (
            "DEBUG is on",
            "error pages show code and settings to whoever meets them.",
            "Remove DEBUG from the environment, or set it to 0.",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield (
            "ALLOWED_HOSTS takes every name",
            "pages can be asked for under names of others, and links in messages would lead there.",
            "List the names under which people reach the hub.",
        )
    if len(settings.SECRET_KEY) < LEAST_KEY:
        yield (
            f"SECRET_KEY has fewer than {LEAST_KEY} characters",
            "sessions could be forged by guessing it.",
            "Remove it from the environment, so that one is made in STATE, or set a long random one.",
        )


def room_for_connections() -> Iterator[Wrong]:
    """The database takes more connections."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),"
            " current_setting('max_connections')::int"
        )
        used, most = cursor.fetchone() or (0, 1)
    if used > most * FULL:
        yield (
            f"{used} of the database's {most} connections are taken",
            "workers keep one for each thread; the next process may find none.",
            "Lower WORKER_THREADS, start fewer workers, or raise max_connections of the database.",
        )


def one_time() -> Iterator[Wrong]:
    """This machine and the database have the same time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (there,) = cursor.fetchone() or (timezone.now(),)
    apart = (datetime.now(tz=UTC) - there).total_seconds()
    if abs(apart) > APART:
        yield (
            f"This machine's clock is {abs(apart):,.0f} seconds {'ahead of' if apart > 0 else 'behind'} the database's",
            "one of the two is wrong; sessions, logs and signed requests go by this machine's.",
            "Let a time service (chrony, ntpd) keep both machines right.",
        )


def lanes() -> Iterator[Wrong]:
    """Every lane has a worker."""
    try:
        served = current_app.control.inspect(timeout=ANSWER_SECONDS).active_queues() or {}
    except (OperationalError, OSError, RedisError) as error:
        said = (str(error).strip().splitlines() or ["it said nothing"])[0]
        yield ("The workers cannot be asked", f"the broker did not answer: {said}", "Mend Redis first.")
        return
    run = Path(settings.STATE) / "run"
    children = told(run / "supervisor.json").get("children")
    if not served and isinstance(children, dict) and "beat" not in children and Alone(run).held:
        yield (
            "The hub runs without workers and without a clock",
            "it was started with WORKERS=none: nothing is read or sent, and nothing happens by itself.",
            "Once that is settled for which it rests, start it again without WORKERS=none.",
        )
        return
    if not served:
        yield (
            "No worker answers",
            f"none runs, or none hears the broker within {ANSWER_SECONDS:g} s.",
            "Start the hub (make run), or its workers where they run by themselves; their log says why one stopped.",
        )
        return
    named = {queue["name"] for queues in served.values() for queue in queues}
    for lane in settings.LANES:
        if lane not in named:
            yield (
                f"No worker serves the lane {lane}",
                "its worker has stopped, or none is told to serve the lane.",
                "Look into the workers' logs, and name the lane in WORKERS (posting,intake;posting,master,analytics), "
                "or after -Q where workers are started by hand.",
            )


def signs_of_life() -> Iterator[Wrong]:
    """Workers and the clock give signs of life."""
    for sign in signs.signs(Path(settings.STATE)):
        if sign.is_late:
            called = "The clock (beat)" if sign.name == signs.CLOCK else f"The worker {sign.name}"
            yield (
                f"{called} on {sign.machine} has given no sign of life for {sign.seconds:,.0f} s",
                "it hangs, or was killed and not started again.",
                "Start it again (systemctl restart, docker compose restart); the supervisor of make run does so by "
                f"itself after five minutes. When it is gone for good, remove {sign.path}.",
            )


def pages_answer() -> Iterator[Wrong]:
    """The pages answer."""
    run = Path(settings.STATE) / "run"
    web = str(told(run / "supervisor.json").get("web", ""))
    if not web or not Alone(run).held:
        return  # no supervisor runs here: whoever starts the web process asks it for /live
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(f"{web}live", timeout=PAGES_SECONDS).close()
    except urllib.error.HTTPError:
        return  # it answers
    except OSError as error:
        yield (
            f"The web process at {web} does not answer",
            f"asked for /live, it said nothing within {PAGES_SECONDS:g} s: {error}.",
            f"Read {Path(settings.STATE) / 'logs' / 'web.log'}; kill -KILL the process that {run / 'supervisor.json'} "
            "calls web, and the supervisor starts it anew.",
        )


def noted_lately() -> Iterator[Wrong]:
    """The audit trail's head is noted every night."""
    noted = trail.notes()[-1:]
    last = datetime.fromisoformat(noted[0]["at"]) if noted else None
    since = last or AuditEntry.objects.order_by("at").values_list("at", flat=True).first()
    if since is not None and timezone.now() - since > UNNOTED:
        yield (
            f"The head of the audit trail was {f'last noted on {last:%Y-%m-%d}' if last else 'never noted'}",
            "the clock (beat) does not run at night, or cannot write below STATE.",
            f"Keep one clock running, and see that {trail.place()} can be written.",
        )
