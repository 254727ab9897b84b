"""NetSuite's two logins: OAuth 1.0a tokens (HMAC-SHA256 only) and OAuth 2.0 with a signed assertion (PS/ES only).

Why a login failed stands in the log (`kind: login`), as in NetSuite's Login Audit Trail; the caller learns nothing.
"""

import base64
import hashlib
import hmac
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.memory import Memory
from sandbox.netsuite.errors import login_refused
from sandbox.web import Refusal

ACCOUNT = "7481923_SB1"
CONSUMER_KEY, CONSUMER_SECRET = "halden-consumer-key", "halden-consumer-secret"
TOKEN_ID, TOKEN_SECRET = "halden-token-id", "halden-token-secret"
CLIENT_ID = "halden-m2m-client"
TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - an address
ALGORITHMS = ("PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MOST_MINUTES = 60  # between iat and exp
CLOCK_SECONDS = 300  # how far a timestamp may be off
SHORTEST_NONCE = 6


class Login:
    """Checks who calls. Certificates and issued tokens live in the memory; used nonces only in the process."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._nonces: set[tuple[str, str]] = set()
        self.token_seconds = 3600

    def check(self, request: web.Request) -> None:
        """Raise Refusal (401) unless the Authorization header is right."""
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        if scheme == "OAuth":
            reason = self._check_signature(request, rest)
        elif scheme == "Bearer":
            reason = self._check_bearer(rest.strip())
        else:
            reason = "no_credentials"
        if reason:
            self._memory.note("login", reason=reason)
            raise login_refused("Bearer" if scheme == "Bearer" else f'OAuth realm="{ACCOUNT}",')

    def _check_signature(self, request: web.Request, header: str) -> str:
        """Return why an OAuth 1.0a header is refused, or an empty string."""
        sent = {}
        for part in header.split(","):
            name, _, value = part.strip().partition("=")
            sent[name] = unquote(value.strip('"'))
        expected = {
            "realm": (ACCOUNT, "invalid_realm"),
            "oauth_consumer_key": (CONSUMER_KEY, "consumer_key_unknown"),
            "oauth_token": (TOKEN_ID, "token_rejected"),
            "oauth_signature_method": ("HMAC-SHA256", "signature_method_rejected"),
            "oauth_version": ("1.0", "version_rejected"),
        }
        for name, (value, reason) in expected.items():
            if sent.get(name, "1.0" if name == "oauth_version" else None) != value:
                return reason
        stamp, nonce = sent.get("oauth_timestamp", ""), sent.get("oauth_nonce", "")
        if not stamp.isdigit() or abs(int(stamp) - time.time()) > CLOCK_SECONDS:
            return "timestamp_refused"
        if len(nonce) < SHORTEST_NONCE or (stamp, nonce) in self._nonces:
            return "nonce_used"
        if not hmac.compare_digest(_signature(request, sent), sent.get("oauth_signature", "")):
            return "signature_invalid"
        self._nonces.add((stamp, nonce))
        return ""

    def _check_bearer(self, token: str) -> str:
        for row in self._memory.table("tokens").values():
            if row["token"] == token:
                return "" if row["expires_at"] > time.time() else "token_expired"
        return "token_rejected"

    def grant(self, form: dict[str, str]) -> dict[str, Any]:
        """Answer the token endpoint of the certificate login; raises Refusal (400)."""
        if form.get("grant_type") != "client_credentials" or form.get("client_assertion_type") != ASSERTION_TYPE:
            raise Refusal(400, {"error": "unsupported_grant_type"})
        reason = self._check_assertion(form.get("client_assertion", ""))
        if reason:
            self._memory.note("login", reason=reason)
            raise Refusal(400, {"error": "invalid_grant"})
        row = {"token": secrets.token_urlsafe(32), "expires_at": time.time() + self.token_seconds}
        self._memory.put("tokens", row, by="login")
        return {"access_token": row["token"], "expires_in": str(self.token_seconds), "token_type": "bearer"}

    def _check_assertion(self, assertion: str) -> str:
        try:
            header = jwt.get_unverified_header(assertion)
            certificate = self._certificate(header.get("kid", ""))
            if header.get("alg") not in ALGORITHMS:
                return "algorithm_rejected"
            if certificate is None:
                return "certificate_unknown"
            options: Any = {"require": ["iss", "aud", "iat", "exp"], "verify_aud": False}
            claims = jwt.decode(assertion, certificate, algorithms=list(ALGORITHMS), options=options)
        except jwt.PyJWTError as error:
            return f"assertion_invalid: {error}"
        scope = claims.get("scope", [])
        scopes = scope.replace(",", " ").split() if isinstance(scope, str) else scope
        if claims["iss"] != CLIENT_ID:
            return "client_unknown"
        if not str(claims["aud"]).endswith(TOKEN_PATH):
            return "audience_wrong"
        if claims["exp"] - claims["iat"] > MOST_MINUTES * 60:
            return "lifetime_too_long"
        return "" if "rest_webservices" in scopes else "scope_missing"

    def _certificate(self, kid: str) -> str | None:
        for row in self._memory.table("certificates").values():
            if row["kid"] == kid:
                return str(row["pem"])
        return None

    def certify(self, kid: str, pem: str) -> None:
        """Map a certificate's public key to the application, as an administrator does on the M2M page."""
        self._memory.put("certificates", {"kid": kid, "pem": pem}, by="admin")

    def revoke(self, kid: str) -> int:
        """Take a certificate back, as an administrator does, and the tokens with it; return how many."""
        gone = [row["id"] for row in self._memory.table("certificates").values() if row["kid"] == kid]
        for number in gone:
            self._memory.delete("certificates", number, by="admin")
        self.expire()
        return len(gone)

    def credentials(self) -> dict[str, str]:
        """Return what an admin would copy from NetSuite's screens; makes the demonstration's key at first need."""
        rows = list(self._memory.table("demonstration_keys").values())
        if not rows:
            private, public = _new_key()
            kid = secrets.token_urlsafe(16)
            self.certify(kid, public)
            rows = [self._memory.put("demonstration_keys", {"kid": kid, "pem": private}, by="admin")]
        return {
            "account": ACCOUNT,
            "consumer_key": CONSUMER_KEY,
            "consumer_secret": CONSUMER_SECRET,
            "token_id": TOKEN_ID,
            "token_secret": TOKEN_SECRET,
            "client_id": CLIENT_ID,
            "certificate_id": rows[0]["kid"],
            "private_key": rows[0]["pem"],
        }

    def expire(self) -> int:
        """Let every issued access token expire now; return how many."""
        rows = list(self._memory.table("tokens").values())
        for row in rows:
            self._memory.put("tokens", {**row, "expires_at": 0.0}, by="admin")
        return len(rows)


def _signature(request: web.Request, sent: dict[str, str]) -> str:
    """Return the right signature of a request (RFC 5849, section 3.4); the realm and a JSON body are not part of it."""
    url = request.url
    query = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
    oauth = [(name, value) for name, value in sent.items() if name not in ("realm", "oauth_signature")]
    pairs = sorted((_escape(name), _escape(value)) for name, value in [*query, *oauth])
    port = "" if url.is_default_port() else f":{url.port}"
    address = f"{url.scheme}://{(url.host or '').lower()}{port}{request.rel_url.raw_path}"
    parameters = "&".join(f"{name}={value}" for name, value in pairs)
    text = "&".join((request.method, _escape(address), _escape(parameters)))
    key = f"{_escape(CONSUMER_SECRET)}&{_escape(TOKEN_SECRET)}"
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _escape(text: str) -> str:
    return quote(text, safe="~-._")


def _new_key() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
