"""The typed, compiled form of a manifest. Immutable; made once at start-up and shared by every connection."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from canonical.failure import Category
from connectors.manifest.stream import Stream
from connectors.paths import Path
from connectors.template import Structure, Template, Templates


@dataclass(frozen=True, slots=True)
class Question:
    """What the admin is asked when a connection is made."""

    name: str
    title: str
    help: str
    where: str  # where to find the answer in the vendor's screens
    example: str
    pattern: str  # RE2, of the whole answer
    choices: tuple[str, ...]
    default: str
    required: bool
    secret: bool  # kept encrypted, read as {secrets.name}
    account: bool  # it names the account: another one's records have numbers of their own
    multiline: bool
    auth: tuple[str, ...]  # asked only for these ways to sign in; empty: always

    def asked_for(self, auth: str) -> bool:
        """Return whether this way to sign in needs the answer."""
        return not self.auth or auth in self.auth


@dataclass(frozen=True, slots=True)
class Assertion:
    """A signed statement (JWT) in place of a client secret; RFC 7523."""

    algorithm: str
    key: Template
    kid: Template | None
    claims: Structure
    lifetime: float  # seconds


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The request of a session login."""

    method: str
    path: Template
    headers: Templates
    body: Structure | None


@dataclass(frozen=True, slots=True)
class Auth:
    """One way to sign in. `values` holds the kind's own templates by name (token_url, username, ...)."""

    name: str
    title: str
    kind: str
    values: dict[str, Template]
    headers: Templates
    query: Templates
    extra: Templates
    client_auth: str
    lifetime: float | None  # seconds; for answers that do not say when the token ends
    assertion: Assertion | None
    request: TokenRequest | None
    fields: tuple[tuple[str, Path], ...]
    derived: Templates
    signature_method: str

    @property
    def has_token(self) -> bool:
        """Return whether a token must be fetched, kept and renewed."""
        return self.kind in ("oauth2_client_credentials", "oauth2_refresh", "session", "override")


@dataclass(frozen=True, slots=True)
class Test:
    """The harmless request that proves a connection."""

    method: str
    path: Template
    query: Templates
    headers: Templates
    body: Structure | None
    expect: tuple[Path, ...]
    shows: Path
    help: str


@dataclass(frozen=True, slots=True)
class Budget:
    """How fast the vendor may be asked: requests per seconds, and how many at once."""

    name: str
    requests: int | None
    seconds: float
    concurrency: int | None


@dataclass(frozen=True, slots=True)
class Throttle:
    """How the vendor says 'slower': where the seconds to wait lie."""

    header: str
    path: Path
    default: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one answer: bytes after decompression, seconds in all, redirects followed."""

    response_bytes: int = 32 * 1024 * 1024
    timeout: float | None = None
    redirects: int = 3


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One row of the error table, read aloud: this status, code and wording mean that category."""

    number: int
    statuses: frozenset[int]  # empty: any
    codes: frozenset[str]  # empty: any
    pattern: Any  # compiled RE2, or None
    category: Category
    certain: bool  # the system certainly did nothing
    retry: bool | None
    renew: bool
    hint: str
    example: dict[str, Any]
    message: Path = ()  # where the words for people lie, when not where the table says
    parent: Any = None  # compiled RE2 whose group is the key of the record that the system lacks, or None


@dataclass(frozen=True, slots=True)
class Errors:
    """The error table and where code and words lie in an answer."""

    envelope: tuple[Path, ...]
    code: tuple[Path, ...]
    message: tuple[Path, ...]
    rows: tuple[ErrorRow, ...]
    preamble: Any = None  # compiled RE2 of a beginning that says nothing and is left out of the words, or None


@dataclass(frozen=True, slots=True)
class Signature:
    """How a webhook proves that it comes from the vendor."""

    kind: str  # hmac_sha256 | token
    header: str
    secret: Template
    encoding: str
    prefix: str
    signed: Template | None
    timestamp_header: str
    tolerance: float


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Signature, handshake, and where the event's id and records lie."""

    signature: Signature
    handshake: str
    handshake_parameter: str
    event_id: Path
    event_header: str
    records: Path


@dataclass(frozen=True, slots=True)
class Redaction:
    """Names of headers and body fields that never reach a log or an exchange (lower case)."""

    headers: frozenset[str]
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """One vendor's system as the engine sees it."""

    name: str
    title: str
    version: int
    about: str
    base_url: Template
    questions: tuple[Question, ...]
    auth: tuple[Auth, ...]
    headers: Templates
    test: Test
    budgets: tuple[Budget, ...]
    throttle: Throttle
    limits: Limits
    errors: Errors
    streams: dict[str, Stream]
    webhooks: Webhooks | None
    redaction: Redaction
    exempt: dict[str, str]
    documentation: dict[str, str]
    file: str = ""

    def auth_named(self, name: str) -> Auth:
        """Return the way to sign in of that name; the first one when the name is empty."""
        return next((auth for auth in self.auth if auth.name == name), self.auth[0])

    def completed(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answers that are given, and the defaults of the others."""
        defaults = {item.name: item.default for item in self.questions if item.default and not item.secret}
        return {**defaults, **{name: value for name, value in answers.items() if value not in ("", None)}}

    def budget_of(self, stream: str) -> Budget | None:
        """Return the budget that the stream draws on; the first one when it names none."""
        wanted = self.streams[stream].budget if stream in self.streams else ""
        return next(
            (budget for budget in self.budgets if budget.name == wanted), self.budgets[0] if self.budgets else None
        )
