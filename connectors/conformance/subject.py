"""What a vendor's test tells the suite: a connection to its simulator, and how to trouble that simulator."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from connectors.manifest.stream import Stream
from connectors.outcome import WriteRequest
from connectors.registry import Connector
from connectors.spec import ConnectionSpec


@dataclass(frozen=True, slots=True)
class Subject:
    """A connector under test. What is left out is needed by a rule that then says so."""

    spec: ConnectionSpec
    records: dict[str, int] = field(default_factory=dict)  # stream to read -> how many records the simulator holds
    write_stream: str = ""
    operation: str = "create"
    body: Callable[[str], bytes] | None = None  # our key -> a body that is accepted
    bad_body: Callable[[str], bytes] | None = None  # our key -> a body that is refused
    effects: Callable[[str], Awaitable[int]] | None = None  # our key -> how many records carry it there
    expire_token: Callable[[], Awaitable[None]] | None = None  # make the tokens given out so far worthless
    logins: Callable[[], Awaitable[int]] | None = None  # how many tokens were given out so far
    throttle: Callable[[float], Awaitable[None]] | None = None  # refuse the next request with "wait so many seconds"

    @property
    def connector(self) -> Connector:
        """Return the connector under test."""
        return self.spec.connector

    def written(self) -> Stream:
        """Return the stream that is written."""
        return self.connector.manifest.streams[self.write_stream]

    def request(self, key: str, *, bad: bool = False) -> WriteRequest:
        """Return a write request under a key."""
        make = self.bad_body if bad else self.body
        if make is None:
            raise LookupError(f"The subject has no {'bad_body' if bad else 'body'}.")
        return WriteRequest(self.operation, key, f"idem-{key}", make(key))
