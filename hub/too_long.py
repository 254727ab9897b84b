"""What a request gets that is too long to be read: the same form of error as all others, from gunicorn's side."""

from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

LINE = 8_190  # bytes of method, address and version: the most that gunicorn takes


class Worker(ThreadWorker):  # type: ignore[misc]  # the package has no types
    """gunicorn's threads. Nothing of ours sees such a request, so that the worker itself has to answer."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer an address or headers that are too long with a problem; leave all else to gunicorn."""
        if not isinstance(exc, (LimitRequestLine, LimitRequestHeaders)):
            super().handle_error(req, client, addr, exc)
            return
        from hub import problems  # the application is loaded after this module

        if isinstance(exc, LimitRequestLine):
            said = (
                f"Address and parameters together take at most {LINE:,} bytes as they are sent. Ask for less at once."
            )
            answer = problems.problem(problems.LONG_ADDRESS, said)
        else:
            answer = problems.problem(
                problems.LONG_HEADERS, "A header takes at most 8,190 bytes. Send fewer and shorter ones."
            )
        self.log.warning("refused with %s: %s", answer.status_code, answer.reason_phrase)
        head = (
            f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}\r\nConnection: close\r\n"
            f"Content-Type: {answer['Content-Type']}\r\nContent-Length: {len(answer.content)}\r\n\r\n"
        )
        try:
            write_nonblock(client, head.encode("latin1") + answer.content)
        except OSError:
            self.log.debug("nobody waits for the answer any more")
