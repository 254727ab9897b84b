"""Calls a subscriber: one signed POST for each event, through the hub's guarded engine, and what its answer means.

Every answer of 2xx is taken for yes, 410 for "never again", everything else for "later". Redirects are not followed: a
body that is signed for one address is given to no other.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from yarl import URL

from connectors import loop
from connectors.address import NotAnAddress, web_address
from connectors.answer import Answer
from connectors.classify import retry_after_in
from connectors.manifest.model import Throttle
from routes.outbound import signing

AT_ONCE = 8  # requests side by side to one subscriber
ANSWER_BYTES = 1024 * 1024  # of an answer; nothing of it is kept
GONE = 410
REFUSALS = (400, 409, 413, 415, 422)  # of one event, and no sign that the address is down
TRY_LATER = (408, 429, 503)  # of the address as a whole
LONGEST_WAIT = 86_400.0  # seconds that a subscriber may ask for
THROTTLE = Throttle(header="Retry-After", path=(), default=0.0, maximum=LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Letter:
    """One event about to be sent."""

    event_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one event."""

    status: int | None  # None: no answer came
    words: str
    retry_after: float | None = None  # seconds that the subscriber asks for
    unsent: bool = False  # its turn did not come: nobody was asked

    @property
    def taken(self) -> bool:
        """Whether the subscriber has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the subscriber wants to hear nothing any more."""
        return self.status == GONE

    @property
    def away(self) -> bool:
        """Whether it is the address that fails and not this event."""
        return self.status is None or self.is_for_later

    @property
    def is_for_later(self) -> bool:
        """Whether the subscriber says that its address takes nothing just now."""
        return self.status in TRY_LATER

    @property
    def refused(self) -> bool:
        """Whether it is this event that the subscriber does not take."""
        return self.status in REFUSALS


def call_all(address: str, letters: Sequence[Letter], secrets: Sequence[str], *, deadline: float) -> list[Answered]:
    """Send events side by side and return what came of each, in order. Never raises for what the subscriber does.

    After `deadline`, by time.monotonic(), no byte of a request leaves.
    """
    try:
        url = URL(web_address(address), encoded=True)
    except (NotAnAddress, ValueError):
        return [Answered(None, "the address cannot be called")] * len(letters)
    return loop.run(_call_all(url, letters, secrets, deadline)).result()


async def _call_all(url: URL, letters: Sequence[Letter], secrets: Sequence[str], deadline: float) -> list[Answered]:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(letter: Letter) -> Answered:
        async with places:
            return await _call(url, letter, secrets, deadline)

    return list(await asyncio.gather(*map(one, letters)))


async def _call(url: URL, letter: Letter, secrets: Sequence[str], deadline: float) -> Answered:
    from connectors.http import Call, Unreachable  # a tenth of a program's start, for those that call nobody

    headers = {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "User-Agent": "Throughline",
        **signing.headers(letter.event_id, letter.body, secrets, at=int(time.time())),
    }
    timeout = min(settings.EVENT_TIMEOUT_SECONDS, settings.LEASE_SECONDS / 2)
    try:
        answer = await loop.engine().post(
            Call("POST", url, headers, letter.body, timeout, deadline, response_bytes=ANSWER_BYTES)
        )
    except Unreachable as error:
        return Answered(None, str(error), unsent=error.kind == "deadline")
    return _judged(answer)


def _judged(answer: Answer) -> Answered:
    """Return what an answer means. Its body is not quoted: it is somebody else's page."""
    if 300 <= answer.status < 400:
        return Answered(answer.status, f"it answered {answer.status}, a redirect, which is not followed")
    if answer.status == GONE:
        return Answered(answer.status, "it answered 410: it wants to hear nothing any more")
    asked = retry_after_in(THROTTLE, answer) or None
    return Answered(answer.status, f"it answered {answer.status}", asked)
