"""How gunicorn serves the pages and the API: `gunicorn -c python:hub.web hub.wsgi:application`."""

import logging
import logging.config
from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

from hub import garbage
from hub.correlation import HEADER
from hub.environment import declared
from hub.probes import LIVE, READY
from hub.settings import GIVEN, LOGGING
from hub.too_long import LINE, Worker

NOT_LOGGED = (LIVE, READY, "/metrics")
LONGEST = 500  # characters of a path in a line

workers = GIVEN[declared.WEB_PROCESSES]
threads = GIVEN[declared.WEB_THREADS]
worker_class = Worker
limit_request_line = LINE
preload_app = True
graceful_timeout = 10
accesslog = "-"
control_socket_disable = True  # it would lie outside of STATE


class Logger(GunicornLogger):  # type: ignore[misc]  # the package has no types
    """Writes gunicorn's lines as all others are written; a request's without its parameters, which may hold secrets."""

    def setup(self, cfg: Any) -> None:
        """Hand all lines on to the hub's one handler."""
        super().setup(cfg)
        logging.config.dictConfig(LOGGING)
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Write one line for a request, except for those of the machinery that watches."""
        path = environ.get("RAW_URI", "").partition("?")[0][:LONGEST]
        if path in NOT_LOGGED:
            return
        status = str(resp.status).split(None, 1)[0]
        took = round(request_time.total_seconds() * 1000)
        id_ = next((value for name, value in resp.headers if name == HEADER), "")
        facts = {"method": environ.get("REQUEST_METHOD", ""), "path": path, "status": int(status), "milliseconds": took}
        more = {"bytes": getattr(resp, "sent", None), "address": environ.get("REMOTE_ADDR", ""), "request": id_}
        line = "%(method)s %(path)s %(status)s in %(milliseconds)s ms, %(bytes)s bytes, to %(address)s %(request)s"
        self.access_log.info(line, facts | more, extra=facts | more)


logger_class = Logger


def on_starting(server: Any) -> None:
    """Forget what processes of long ago have counted."""
    if GIVEN[declared.METRICS_TOKEN]:
        from hub.figures import counted

        counted.tidy()


def when_ready(server: Any) -> None:
    """Spare what every process shares, once it is loaded and before they part: none then copies it by searching it."""
    garbage.spare_what_is_loaded()
