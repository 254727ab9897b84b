"""A small provider of OpenID Connect on loopback: real keys, real signatures, and lies when a test wants them."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

SECRET = "a secret of the client"


@cache
def key(name: str = "the provider's") -> rsa.RSAPrivateKey:
    """Return the key of that name, made when it is needed and not while tests are collected."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class FakeProvider:
    """Who it knows, and what it says of them."""

    def __init__(self, url: str) -> None:
        self.url, self.port = url, urlsplit(url).port
        self.person: dict[str, Any] = {
            "sub": "4711",
            "email": "clara.voss@halden-partner.example",
            "email_verified": True,
        }
        self.described: dict[str, Any] = {}  # what /userinfo says differently
        self.claims: dict[str, Any] = {}  # what the token says differently
        self.config: dict[str, Any] = {}  # what the description says differently
        self.key, self.kid, self.challenge, self.asked = key(), "k1", "", list[str]()

    def answer(self, path: str, form: dict[str, list[str]], headers: Any) -> tuple[int, Any]:
        """Return status and body of one request."""
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            names = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
            told = {f"{name}_endpoint": f"{self.url}/{path}" for name, path in names.items()}
            return 200, told | {"issuer": self.url, "jwks_uri": f"{self.url}/keys"} | self.config
        if path == "/elsewhere":
            return 302, "/.well-known/openid-configuration"
        if path == "/keys":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key().public_key()))
            return 200, {"keys": [public | {"kid": "k1", "use": "sig", "alg": "RS256"}]}
        if path == "/token":
            return self._tokens({name: values[0] for name, values in form.items()})
        if path == "/userinfo" and headers["Authorization"] == "Bearer opaque":
            return 200, self.person | self.described
        return 404, {}

    def _tokens(self, form: dict[str, str]) -> tuple[int, Any]:
        proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(proof).decode().rstrip("=") != self.challenge:
            return 400, {"error": "invalid_grant"}
        if (form["code"], form["client_id"], form["client_secret"]) != ("the-code", "throughline", SECRET):
            return 401, {"error": "invalid_client"}
        now = int(time.time())
        claims = {"iss": self.url, "aud": "throughline", "iat": now, "exp": now + 60, **self.person, **self.claims}
        token = jwt.encode(claims, self.key, "RS256", headers={"kid": self.kid} if self.kid else {})
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": token}


@contextmanager
def running() -> Iterator[FakeProvider]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond({})

        def do_POST(self) -> None:
            self._respond(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))

        def _respond(self, form: dict[str, list[str]]) -> None:
            status, body = provider.answer(urlsplit(self.path).path, form, self.headers)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status == 302:
                self.send_header("Location", body)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = FakeProvider(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
