"""What a token may be made for: reading or writing a layer of the API, and legal entities.

A scope never gives a right; roles do. It takes away: without `process:write` nothing is started, and with
`entity:HP-DE` nothing of another legal entity is seen.
"""

from collections.abc import Iterable
from typing import Any

from oauth2_provider.scopes import BaseScopes

from governance.models import ApiClient, LegalEntity

LAYERS = {
    "system:read": "read connections, streams, records and how the hub is set up",
    "system:write": "test and pause connections, and change how the hub is set up",
    "process:read": "read routes, runs, transactions, tables, mappings and events out",
    "process:write": "send events, start runs, resubmit, and change tables, mappings and subscriptions",
    "experience:read": "read work items and totals",
    "experience:write": "work on work items",
}
ENTITY = "entity:"  # and a legal entity's code


class ClientScopes(BaseScopes):  # type: ignore[misc]  # the library carries no types
    """Tells the library which scopes there are, and which a client may have."""

    def get_all_scopes(self) -> dict[str, str]:
        """Return every scope with what it allows, in words that complete "This lets it".

        Also those of companies that are not there any more, where a client is kept to one.
        """
        kept = (scope for scopes in ApiClient.objects.values_list("scopes", flat=True) for scope in scopes)
        return {scope: _lost(scope) for scope in kept if scope.startswith(ENTITY)} | offered()

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return the scopes that a client may ask for."""
        if not isinstance(application, ApiClient):
            return []
        own = list(application.scopes)
        if any(scope.startswith(ENTITY) for scope in own):
            return own
        # A client for all legal entities may ask for a token that reaches less far.
        return own + [scope for scope in offered() if scope.startswith(ENTITY)]

    def get_default_scopes(self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any) -> list[str]:
        """Return the scopes of a token for which none was asked: all that the client has."""
        return list(application.scopes) if isinstance(application, ApiClient) else []


def offered(stand: Iterable[str] = ()) -> dict[str, str]:
    """Return the scopes that a client may be given, with what they allow. `stand`: those that it has, which may stay.

    One kept to a company that is not there any more reaches nothing by it; were that scope dropped, it would reach all.
    """
    found = LAYERS | {
        ENTITY + code: f"see and do this for {code} {name} only"
        for code, name in LegalEntity.objects.values_list("code", "name")
    }
    return {scope: _lost(scope) for scope in stand if scope.startswith(ENTITY)} | found


def _lost(scope: str) -> str:
    return f"see and do this for {scope.removeprefix(ENTITY)} only, a company that is not there any more"


def companies(scopes: Iterable[str], client: ApiClient) -> list[str]:
    """Return the codes of the legal entities to which a token is kept; none where only roles bound it."""
    asked, own = _codes(scopes), _codes(client.scopes)
    return sorted((asked & own) if asked and own else asked or own)


def reach(scopes: Iterable[str], client: ApiClient) -> frozenset[int] | None:
    """Return the ids of the legal entities that a token reaches; None: all that the roles behind it reach."""
    if not _codes(scopes) and not _codes(client.scopes):
        return None
    codes = companies(scopes, client)
    return frozenset(LegalEntity.objects.filter(code__in=codes).values_list("pk", flat=True))


def _codes(scopes: Iterable[str]) -> frozenset[str]:
    return frozenset(scope.removeprefix(ENTITY) for scope in scopes if scope.startswith(ENTITY))
