"""Odd values at every setting: each is taken, or refused in words; no other exception ends a program."""

import os
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import log_lines
from hub.environment.declared import VARIABLES
from hub.environment.reading import WrongSettings, read
from hub.supervisor import terminal
from hub.supervisor.options import ROOT, Options
from hub.supervisor.problems import CannotStart

HOST = "db.example.com"
ODD = [
    "[", "]", "[x", "[/red]", "[" * 50_000, "{", '{"a":' * 50_000, "{}", '{"a": 1}', '{"a": "http://[x"}', "(", '"',
    "'",
    "\0", "a\0b", "\udcff", "a\nb", "a\r\nX: y", "\x1b[31mred", "é", "ключ", "１", "ſ", "١٢", "\u202e", "％",
    "x" * 300, "x" * 100_000, "x/" * 3000, "9" * 5000, "0" * 30 + "99999999", "-1", "-0", "1e400", "nan", "inf", "0x10",
    ",", " , ,", ";", ":", "::", ",,;;", "*", "**", ".", "..", "...", "-", "_", "~", "~nosuchuser/x", "~nosuchuser",
    "/dev/null", "/dev/null/x", "/proc/self/mem", "\\", "%", "%00", "%zz", "${STATE}", "null", "none", "0", "1", "true",
    "://", "http:", "http://", "http:/x", "https://[x", "http://[::1", f"http://{HOST}:0", f"http://{HOST}:99999",
    f"http://{HOST}?x", f"http://{HOST}#x", f"http://{HOST}/ y", f"http://a b@{HOST}", "http://..", f"ftp://{HOST}",
    "redis://", "redis:", f"redis://{HOST}?foo=bar", f"redis://{HOST}?db=-1", f"redis://{HOST}/0/1",
    f"redis://{HOST}:x",
    f"rediss://{HOST}?ssl_cert_reqs=maybe", f"rediss://{HOST}?ssl_ca_certs=/nowhere",
    f"redis://{HOST}?ssl_cert_reqs=none", "redis://[x", f"redis://{HOST}/１", "unix://", "unix:///", "unix:///run/redis.sock?db=x",
    f"redis://{HOST}?db=1&db=2",
    "postgresql://", "postgresql:///", "postgresql://[::1/hub", f"postgresql://{HOST}", f"postgresql://{HOST}/%00",
    f"postgresql://{HOST}:0/hub", f"postgresql://{HOST}:１/hub", f"postgresql://{HOST}:00005432000/hub",
    f"postgresql://{HOST}/hub?sslmode=maybe", f"postgresql://{HOST}/hub?foo=bar", f"postgresql://{HOST}/{'x' * 64}",
    f"postgresql://{HOST}/hub?hostaddr=nowhere", f"postgresql://{HOST}/hub?sslrootcert=/nowhere",
    f"postgresql://{HOST}/hub?ssl_min_protocol_version=SSLv3", f"postgresql://{HOST}/hub?connect_timeout=1e9",
    f"postgresql://{HOST},{HOST}/hub?hostaddr=10.0.0.1", f"postgresql://{HOST}:1,{HOST}:2,{HOST}:3/hub?host=x",
    "a=b\nc", "a=é", "=b", "a=", "a b=c", "hub..example", ".hub", "hub.", f"{'x' * 64}.example", "999.1.1.1", "[::1]",
    "[::g]", "10.0.0.0/8:443", "[10.0.0.1:443", "[10.0.0.1]:443", "::1:443", "10.0.0.1:443443", "10.0.0.1:１",
    "k" * 43 + "é", "k" * 44, "k" * 43 + "=", "k" * 43 + "=!", "k" * 42 + "==",
]  # fmt: skip
OF_PROVIDERS = (
    "OIDC_PROVIDERS", "OIDC_KC_ISSUER", "OIDC_KC_CLIENT_ID", "OIDC_KC_CLIENT_SECRET", "OIDC_KC_CLIENT_SECRET_FILE",
    "OIDC_KC_TITLE", "OIDC_KC_EMAIL_IS_VERIFIED",
)  # fmt: skip
USED = (  # those of which a program makes something else as soon as it starts
    "DATABASE_URL", "DATABASE_PASSWORD", "REDIS_URL", "OUTBOUND_ALLOWED", "ALLOWED_HOSTS", "SANDBOX",
    "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OIDC_KC_ISSUER",
)  # fmt: skip
PROVIDER = {
    "OIDC_PROVIDERS": "kc", "OIDC_KC_ISSUER": "https://login.example.com", "OIDC_KC_CLIENT_ID": "hub",
    "OIDC_KC_CLIENT_SECRET": "hush",
}  # fmt: skip


def names() -> Iterator[str]:
    for variable in VARIABLES:
        yield variable.name
        if variable.secret:
            yield variable.file
    yield from OF_PROVIDERS


def around(name: str) -> dict[str, str]:
    """Return what has to stand beside a setting so that it counts."""
    if name.startswith("OIDC_"):
        return PROVIDER | ({"OIDC_KC_CLIENT_SECRET": ""} if name.endswith("_FILE") else {})
    if name.startswith("DATABASE_PASSWORD"):
        return {"DATABASE_URL": f"postgresql://hub@{HOST}/hub"}
    return {}


@pytest.mark.parametrize("name", list(names()))
def test_odd_value_is_taken_or_refused_in_words(name: str) -> None:
    for value in ODD:
        try:
            Options.of(around(name) | {name: value})
        except CannotStart as refused:
            said = refused.lines()
            assert name.removesuffix("_FILE") in said, (value[:60], said)
            assert len(said) < 7000
            said.encode()  # can be printed wherever it goes


def test_odd_value_is_told_in_the_terminal_as_it_is(capsys) -> None:
    with pytest.raises(CannotStart) as refused:
        Options.of({"LOG_LEVEL": "[/red]\x1b[31m", "PORT": "[x"})
    terminal.refuse(refused.value)
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())  # as lines of a panel
    assert "not “[/red]\\x1b[31m”" in said
    assert "not “[x”" in said


@pytest.mark.parametrize("name", USED)
def test_odd_value_that_is_taken_makes_settings_that_can_be_used(name: str, monkeypatch, tmp_path: Path) -> None:
    """Programs read their settings with it: nothing that was accepted breaks them there."""
    for value in ODD:
        given = around(name) | {name: value}
        try:
            read(given)
        except WrongSettings:
            continue
        if "\0" in value:
            continue  # no environment holds that
        for each in (*os.environ, *given):
            if each in names_known:
                monkeypatch.delenv(each, raising=False)
        monkeypatch.setattr(log_lines, "_secrets", ())
        for each, text in ({"STATE": str(tmp_path)} | given).items():
            monkeypatch.setenv(each, text)
        found = runpy.run_path(str(ROOT / "hub" / "settings.py"), run_name="settings")
        try_out(found)


def try_out(found: dict[str, object]) -> None:
    """Make of settings what programs make of them, without connecting anywhere."""
    import redis
    from django.db.backends.postgresql.base import DatabaseWrapper
    from kombu import Connection

    from connectors.guard import Guard

    redis.Redis.from_url(str(found["REDIS_URL"]), socket_connect_timeout=1).connection_pool.make_connection()
    Connection(str(found["CELERY_BROKER_URL"]))
    databases: dict[str, dict[str, object]] = found["DATABASES"]  # type: ignore[assignment]
    DatabaseWrapper({"TIME_ZONE": None, **databases["default"]}, "default").get_connection_params()
    Guard(found["OUTBOUND_ALLOWED"])  # type: ignore[arg-type]


names_known = frozenset(names())
