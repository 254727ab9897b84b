"""The one server of tokens, with the three grants that are offered: nothing else is looked at, whatever it carries."""

from typing import Any

from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    AuthorizationEndpoint,
    BearerToken,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    ResourceEndpoint,
    RevocationEndpoint,
    TokenEndpoint,
)


class TokenServer(AuthorizationEndpoint, TokenEndpoint, ResourceEndpoint, RevocationEndpoint):
    """Gives tokens to programs, and to programs that a person lets act for them.

    The library's own server knows four grants more. Of these, that of a user name and a password looks at both before
    it asks whether the client may use it: whoever holds one client's secret could try everybody's password, beside
    all that counts wrong ones. Here an unknown grant is refused before anything that it carries is read.
    """

    def __init__(self, validator: Any, token_expires_in: Any = None, token_generator: Any = None,
                 refresh_token_generator: Any = None, **_: Any) -> None:  # fmt: skip
        """Take what the library hands to a server."""
        bearer: Any = BearerToken(validator, token_generator, token_expires_in, refresh_token_generator)
        code = AuthorizationCodeGrant(validator)
        grants = {
            "authorization_code": code,
            "client_credentials": ClientCredentialsGrant(validator),
            "refresh_token": RefreshTokenGrant(validator),
        }
        AuthorizationEndpoint.__init__(
            self, default_response_type="code", response_types={"code": code}, default_token_type=bearer
        )
        TokenEndpoint.__init__(
            self, default_grant_type="authorization_code", grant_types=grants, default_token_type=bearer
        )
        ResourceEndpoint.__init__(self, default_token="Bearer", token_types={"Bearer": bearer})  # noqa: S106 - a type
        RevocationEndpoint.__init__(self, validator)
