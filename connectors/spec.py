"""A frozen snapshot of a connection for the event loop, where no database may be asked."""

from dataclasses import dataclass, field
from typing import Any

from connectors.registry import Connector


@dataclass(frozen=True, slots=True)
class ConnectionSpec:
    """One account at one system: the connector, the answers, the secrets (never shown)."""

    id: Any
    slug: str
    connector: Connector
    answers: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict, repr=False)
    auth: str = ""  # name of the chosen way to sign in; empty: the first
    environment: str = "production"
    legal_entity: str = ""
    concurrency: int = 8
    timeout: float = 50.0  # seconds for one request in all; below half a lease
