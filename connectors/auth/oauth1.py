"""OAuth 1.0a signatures (RFC 5849) by oauthlib. Neither realm nor a JSON body is part of the signature base string."""

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client

from connectors.http import Call
from connectors.manifest.model import Auth
from connectors.template import Scope

_METHODS = {"HMAC-SHA256": SIGNATURE_HMAC_SHA256, "HMAC-SHA1": SIGNATURE_HMAC_SHA1}


def sign(call: Call, auth: Auth, scope: Scope) -> None:
    """Add the Authorization header; nonce and time are new for every request, also for a repeated one."""
    values = {name: template.text(scope) for name, template in auth.values.items()}
    client = Client(
        values["consumer_key"],
        client_secret=values["consumer_secret"],
        resource_owner_key=values["token"],
        resource_owner_secret=values["token_secret"],
        signature_method=_METHODS[auth.signature_method],
        realm=values.get("realm") or None,
    )
    _, headers, _ = client.sign(str(call.url), http_method=call.method)  # type: ignore[arg-type]  # a literal
    call.headers["Authorization"] = headers["Authorization"]
