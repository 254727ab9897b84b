"""Fetches tokens: OAuth 2.0 client credentials (secret or signed assertion), refresh, and session logins."""

import base64
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlencode

import jwt

from canonical.failure import Category
from connectors import paths
from connectors.answer import Answer
from connectors.classify import judge, retry_after_in
from connectors.manifest.model import Assertion, Auth, Manifest, Throttle
from connectors.outcome import ConnectorFailure
from connectors.template import Scope, render_all

# (method, address or path, headers, body) -> answer; raises ConnectorFailure when nothing usable came back
Send = Callable[[str, str, dict[str, str], bytes | None], Awaitable[Answer]]
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523, section 2.2


async def fetch_oauth2(
    auth: Auth, scope: Scope, refresh_token: str | None, send: Send, manifest: Manifest
) -> dict[str, Any]:
    """Return the token answer's fields (access_token, expires_in, refresh_token ...); raises ConnectorFailure."""
    values = {name: template.text(scope) for name, template in auth.values.items()}
    form = {"grant_type": "client_credentials", **render_all(auth.extra, scope)}
    if auth.kind == "oauth2_refresh":
        form |= {"grant_type": "refresh_token", "refresh_token": refresh_token or values["refresh_token"]}
    if values.get("scope"):
        form["scope"] = values["scope"]
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if auth.assertion is not None:
        form |= {"client_assertion_type": _JWT_BEARER, "client_assertion": signed_assertion(auth.assertion, scope)}
    elif auth.client_auth == "basic":
        pair = f"{quote(values['client_id'], safe='')}:{quote(values.get('client_secret', ''), safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        form |= {"client_id": values["client_id"], "client_secret": values.get("client_secret", "")}
    answer = await send("POST", values["token_url"], headers, urlencode(form).encode())
    return _token_fields(answer, manifest.throttle)


def _token_fields(answer: Answer, throttle: Throttle) -> dict[str, Any]:
    data = answer.json_or_none()
    if answer.status == 200 and isinstance(data, dict) and isinstance(data.get("access_token"), str):
        return data
    code = data.get("error") if isinstance(data, dict) else None
    words = (data.get("error_description") or code) if isinstance(data, dict) else answer.words(200)
    if answer.status in (400, 401, 403) and code != "temporarily_unavailable":
        message = f"The sign-in was refused: {words or f'status {answer.status}'}."
        hint = "Check client id, secret or certificate, and that the clocks agree."
        raise ConnectorFailure(Category.CREDENTIALS, message, hint=hint, status=answer.status)
    told = f"The token address answered {answer.status}: {words}"
    if answer.status == 429:
        raise _too_often(told, answer, throttle)
    # Whatever came instead of a token keeps all records alike, and none of them is to blame.
    if 400 <= answer.status < 429 and code != "temporarily_unavailable":
        hint = "Check the address of the sign-in."
        raise ConnectorFailure(Category.CREDENTIALS, told, hint=hint, status=answer.status)
    raise ConnectorFailure(Category.OUTAGE, told, status=answer.status)


def _too_often(message: str, answer: Answer, throttle: Throttle, hint: str = "") -> ConnectorFailure:
    """Return the failure of a sign-in that was tried too often: nobody has to enter anything again."""
    seconds = retry_after_in(throttle, answer)
    return ConnectorFailure(Category.THROTTLED, message, hint=hint, retry_after=seconds, status=answer.status)


def signed_assertion(assertion: Assertion, scope: Scope) -> str:
    """Return the signed JWT; raises ConnectorFailure when the private key is not usable."""
    now = int(time.time())
    claims = {
        **assertion.claims.render(scope),
        "iat": now,
        "exp": now + int(assertion.lifetime),
        "jti": str(uuid.uuid4()),
    }
    headers = {"typ": "JWT"}
    if assertion.kid is not None:
        headers["kid"] = assertion.kid.text(scope)
    try:
        return jwt.encode(claims, assertion.key.text(scope), algorithm=assertion.algorithm, headers=headers)
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        message = f"The private key cannot sign with {assertion.algorithm}."
        hint = "Enter the whole key in PEM form, from -----BEGIN to -----END, without a password."
        raise ConnectorFailure(Category.CREDENTIALS, message, hint=hint, sent=False) from error


async def fetch_session(auth: Auth, scope: Scope, send: Send, manifest: Manifest) -> dict[str, Any]:
    """Return the session's fields, read where the manifest says; raises ConnectorFailure."""
    request = auth.request
    if request is None:
        raise ConnectorFailure(Category.INTERNAL, "The session login has no request.", sent=False)
    headers = {"Content-Type": "application/json", **render_all(request.headers, scope)}
    body = request.body.json(scope) if request.body is not None else None
    answer = await send(request.method, request.path.text(scope), headers, body)
    data = answer.json_or_none()
    found = {name: paths.find(data, path) for name, path in auth.fields}
    if any(value is None for value in found.values()):
        raise _refused_login(answer, manifest)
    return found


def _refused_login(answer: Answer, manifest: Manifest) -> ConnectorFailure:
    """Return why there is no session, as the error table has it; what it does not know is the credentials' fault."""
    verdict = judge(manifest, answer)
    message, hint = f"The login was refused (status {answer.status}).", "Check user, password and database."
    if verdict.row is None:
        category = Category.OUTAGE if answer.status >= 500 else Category.CREDENTIALS
        if answer.status == 429:
            return _too_often(message, answer, manifest.throttle)
        return ConnectorFailure(category, message, hint=hint, status=answer.status)
    if verdict.category is Category.THROTTLED:
        return _too_often(message, answer, manifest.throttle, verdict.hint)
    away = verdict.category in (Category.OUTAGE, Category.TRANSIENT)
    category = Category.OUTAGE if away else Category.CREDENTIALS  # whatever is wrong, the connection is to be mended
    return ConnectorFailure(category, message, hint=verdict.hint or hint, status=answer.status)
