"""What is told where no secure connection comes about: the cause and the way on, without a library's words."""

import ssl

import pytest
from aiohttp import ClientConnectorSSLError
from aiohttp.client_reqrep import ConnectionKey

from connectors.http import _tls


def test_answer_that_is_no_tls_is_told_as_that() -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    line = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="api.acme.example")
    with pytest.raises(ssl.SSLWantReadError):
        line.do_handshake()
    incoming.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(ssl.SSLError) as met:
        line.do_handshake()
    key = ConnectionKey("api.acme.example", 443, True, True, None, None, None)
    told = _tls(ClientConnectorSSLError(key, met.value))
    assert told == "what answers there does not speak TLS; is it an http:// address?"


def test_other_causes_are_told_in_plain_words() -> None:
    error = ssl.SSLCertVerificationError("x")
    error.verify_message = "self-signed certificate"
    assert _tls(error) == "self-signed certificate"
    other = ssl.SSLError(1, "[SSL] x")
    other.reason = "TLSV1_ALERT_PROTOCOL_VERSION"
    assert _tls(other) == "tlsv1 alert protocol version"
