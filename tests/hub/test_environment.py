"""Settings from the environment: read with their kinds, and refused all at once, each by name and without secrets."""

import os
from pathlib import Path

import pytest

from hub.environment import declared
from hub.environment.reading import WrongSettings, read
from hub.settings import _database as as_django
from hub.supervisor import parts
from hub.supervisor.options import Options
from hub.supervisor.problems import CannotStart

WRONG = {
    "PORT": "eighty",
    "LEASE_SECONDS": "soon",
    "DEBUG": "yes",
    "LOG_LEVEL": "LOUD",
    "WORKERS": "posting;postings",
    "OUTBOUND_ALLOWED": "10.1.2.3",
    "SANDBOX": "{",
    "DELIVERY_BATCH": "0",
    "REDIS_URL": "http://localhost",
    "DATABASE_URL": "postgresql://hub:hunter2@db/hub?sslmod=require",
    "SECRET_KEY": "too short",
}


def refused(environment: dict[str, str]) -> list[str]:
    with pytest.raises(WrongSettings) as found:
        read(environment)
    return found.value.wrong


def test_settings_that_are_not_given_have_their_defaults() -> None:
    found = read({"PORT": "", "LEASE_SECONDS": " "})
    assert (found[declared.PORT], found[declared.LEASE_SECONDS], found[declared.DEMO]) == (8000, 120.0, True)


def test_settings_have_the_kind_that_is_declared(tmp_path: Path) -> None:
    found = read(
        {"STATE": str(tmp_path / "a" / ".."), "BODY_PATIENCE": "2.5", "DEMO": "0", "CONNECTOR_PATHS": f"{tmp_path}: /:"}
    )
    assert found[declared.STATE] == tmp_path
    assert found[declared.BODY_PATIENCE] == 2.5
    assert found[declared.DEMO] is False
    assert found[declared.CONNECTOR_PATHS] == [str(tmp_path), "/"]


def test_wrong_settings_are_told_all_at_once_by_name() -> None:
    wrong = refused(WRONG)
    assert sorted(sentence.split()[0] for sentence in wrong) == sorted(WRONG)
    assert "PORT must be a whole number from 0 to 65535, not “eighty”." in wrong
    assert "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, not “LOUD”." in wrong


def test_wrong_secret_is_not_repeated() -> None:
    said = " ".join(refused(WRONG))
    assert "hunter2" not in said
    assert "too short" not in said


@pytest.mark.parametrize("text", ["/etc/passwd", "/etc/passwd/below"])
def test_state_that_is_a_file_is_refused_in_words_by_every_command(text: str, start_process) -> None:
    assert refused({"STATE": text}) == [f"STATE must be the path of a folder, not “{text}”."]
    started = start_process(["python", "manage.py", "doctor"], {"STATE": text})
    assert started.wait() == 1
    assert "STATE must be the path of a folder" in started.output
    assert "Traceback" not in started.output


def test_state_that_cannot_be_written_is_told_in_words(start_process) -> None:
    started = start_process(["python", "manage.py", "prepare"], {"STATE": "/proc/throughline", "SECRET_KEY": ""})
    assert started.wait() == 1
    assert "The folder /proc/throughline cannot be written." in started.output
    assert "Traceback" not in started.output


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "1_0", "１", "1e400"])
def test_seconds_that_are_no_sensible_number_are_refused(text: str) -> None:
    assert len(refused({"BODY_PATIENCE": text})) == 1


def test_requests_longer_than_half_a_lease_are_refused() -> None:
    (said,) = refused({"LEASE_SECONDS": "100"})
    assert said == "REQUEST_TIMEOUT_SECONDS (50) must be less than half of LEASE_SECONDS (100)."


def test_secret_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 40 + "\n")
    assert read({"SECRET_KEY_FILE": str(tmp_path / "key")})[declared.SECRET_KEY] == "k" * 40


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read: No such file"), (b"\n", "is empty"), (b"\xff\xfe", "it is no text")]
)
def test_secret_file_that_cannot_be_used_is_named(content: bytes | None, words: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    (said,) = refused({"SECRET_KEY_FILE": str(tmp_path / "key")})
    assert said.startswith(f"SECRET_KEY_FILE names {tmp_path / 'key'}, which")
    assert words in said


def test_secret_given_twice_is_refused() -> None:
    (said,) = refused({"SECRET_KEY": "k" * 40, "SECRET_KEY_FILE": "/run/secrets/key"})
    assert said == "SECRET_KEY and SECRET_KEY_FILE are both given; keep one of them."


def test_file_of_what_is_no_secret_is_not_read() -> None:
    assert read({"PORT_FILE": "/nothing"})[declared.PORT] == 8000


def test_password_from_a_file_goes_into_the_address_of_the_database(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/ w:rd\n")
    given = {"DATABASE_URL": "postgresql://hub@db:5433/hub", "DATABASE_PASSWORD_FILE": str(tmp_path / "password")}
    found = as_django(read(given)[declared.DATABASE_URL])
    assert (found["USER"], found["PASSWORD"], found["HOST"]) == ("hub", "p@ss/ w:rd", "db")
    assert (found["PORT"], found["NAME"]) == ("5433", "hub")


@pytest.mark.parametrize(
    ("url", "words"), [("", "without DATABASE_URL"), ("postgresql://hub:first@db/hub", "names a password and")]
)
def test_password_that_does_not_fit_the_address_is_refused(url: str, words: str) -> None:
    (said,) = refused({"DATABASE_URL": url, "DATABASE_PASSWORD": "second"})
    assert words in said
    assert "first" not in said


@pytest.mark.parametrize(
    "url", ["postgresql://hub:@db/hub", "postgresql:///hub?host=/run/pg", "postgresql://hub@a,b/x"]
)
def test_password_reaches_every_form_of_address(url: str) -> None:
    found = as_django(read({"DATABASE_URL": url, "DATABASE_PASSWORD": "p@ss/ w:rd?&"})[declared.DATABASE_URL])
    assert found["PASSWORD"] == "p@ss/ w:rd?&"


def test_mistake_hides_no_other_and_is_told_once() -> None:
    wrong = refused(
        {"DATABASE_URL": "postgresql://hub@db/hub?foo=bar", "DATABASE_PASSWORD": "x", "LEASE_SECONDS": "50"}
    )
    assert [sentence.split()[0] for sentence in wrong] == ["DATABASE_URL", "REQUEST_TIMEOUT_SECONDS"]


def test_host_with_a_dot_behind_is_the_one_that_is_compared() -> None:
    assert read({"ALLOWED_HOSTS": "hub.example.com."})[declared.ALLOWED_HOSTS] == ["hub.example.com"]


def test_parameters_of_the_databases_address_reach_the_driver() -> None:
    options = as_django("postgresql://hub@db/hub?sslmode=verify-full&options=-csearch_path%3Dhub")["OPTIONS"]
    assert options["sslmode"] == "verify-full"
    assert options["options"].endswith("-csearch_path=hub")
    assert "random_page_cost" in options["options"]


def test_supervisor_refuses_every_wrong_setting_before_it_starts_anything() -> None:
    with pytest.raises(CannotStart) as found:
        Options.of({"PORT": "eighty", "EVENT_BYTES": "many"})
    assert found.value.cause.count("must be a whole number") == 2


def test_programs_get_the_address_and_not_the_file_that_it_came_from(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret")
    monkeypatch.setenv("DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    url = "postgresql://hub:secret@db/hub"
    told = parts.environment(Options.of({}), {"DATABASE_URL": url, "REDIS_URL": "redis://queue/0"}, {})
    assert read(told)[declared.DATABASE_URL] == url


@pytest.mark.parametrize(
    "command", [["manage.py", "check"], ["-m", "celery", "-A", "hub.celery:app", "inspect", "ping"]]
)
def test_program_with_wrong_settings_ends_with_one_message(command: list[str], start_process) -> None:
    started = start_process(["python", *command], {"EVENT_BYTES": "many", "LOG_LEVEL": "LOUD"})
    assert started.wait() == 1
    assert "2 settings of the environment cannot be used" in started.output
    assert "EVENT_BYTES must be a whole number" in started.output
    assert "LOG_LEVEL must be one of" in started.output
    assert "Traceback" not in started.output


def test_declared_names_are_those_of_the_environment() -> None:
    assert [getattr(declared, each.name) for each in declared.VARIABLES] == list(declared.VARIABLES)
    assert all(each.kind.accepted and each.meaning for each in declared.VARIABLES)
    assert "STATE" in os.environ  # this very run is told where to keep things by it


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ALLOWED_HOSTS", "https://hub.example.com"),
        ("ALLOWED_HOSTS", "hub.example.com:8000"),
        ("ALLOWED_HOSTS", ","),
        ("ALLOWED_HOSTS", " , ,"),
        ("ALLOWED_HOSTS", "hub..example"),
        ("ALLOWED_HOSTS", "hub.examplK"),  # the sign of Kelvin, which is no k
        ("ALLOWED_HOSTS", "10.1.2.999"),
        ("ALLOWED_HOSTS", "[::g]"),
        ("OUTBOUND_ALLOWED", "[10.1.2.3:443"),
        ("OUTBOUND_ALLOWED", "10.1.2.3:0000443000"),
        ("EVENT_BYTES", "0" * 30 + "99999999999"),
        ("STATE", "~nosuchuser/x"),
        ("SANDBOX", "[" * 50_000),
        ("SANDBOX", '{"harvest": "http://[x"}'),
        ("METRICS_TOKEN", "sixteen-lettérs-or-more"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http:/collector:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318?x=y"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://col lector"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "key=é"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "key=a\nb"),
        ("OTEL_SERVICE_NAME", "a\nb"),
        ("OUTBOUND_ALLOWED", "http://10.1.2.3:443"),
        ("OUTBOUND_ALLOWED", "10.1.2.3/24:443"),
        ("OUTBOUND_ALLOWED", "harvest.example.com:443"),
        ("CONNECTOR_PATHS", "/nowhere"),
        ("REDIS_URL", "redis://localhost:6379/abc"),
        ("REDIS_URL", "redis://localhost:6379?db=abc"),
        ("REDIS_URL", "redis://localhost:6379?foo=bar"),
        ("REDIS_URL", "redis://localhost:6379?ssl_cert_reqs=none"),
        ("REDIS_URL", "rediss://localhost:6379?ssl_cert_reqs=maybe"),
        ("REDIS_URL", "rediss://localhost:6379?ssl_ca_certs=/nowhere"),
        ("DATABASE_URL", "postgresql://hub@db/hub?sslmode=verify-ful"),
        ("DATABASE_URL", "postgresql://hub@db/hub?connect_timeout=soon"),
        ("DATABASE_URL", "postgresql://hub@db:postgres/hub"),
        ("DATABASE_URL", "postgresql://hub@db:0/hub"),
        ("DATABASE_URL", "postgresql://hub@db"),  # no name of the database
        ("DATABASE_URL", f"postgresql://hub@db/{'n' * 64}"),
        ("DATABASE_URL", "postgresql://hub@db/hub?hostaddr=nowhere"),
        ("DATABASE_URL", "postgresql://hub@a,b/hub?hostaddr=10.0.0.1"),
        ("DATABASE_URL", "postgresql://hub@a:1,b:2,c:3/hub?host=x,y"),
        ("DATABASE_URL", "postgresql://hub@db/hub?sslrootcert=/nowhere"),
        ("DATABASE_URL", "postgresql://hub@db/hub?ssl_min_protocol_version=SSLv3"),
        ("DATABASE_URL", "postgresql://hub@db/hub?ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2"),
        ("DATABASE_URL", "postgresql://hub@db/hub?sslmode=prefer&sslrootcert=system"),
        ("DATABASE_URL", "postgresql://hub@db/hub?load_balance_hosts=maybe"),
        ("THROUGHLINE_KEYS", "garbage"),
        ("THROUGHLINE_KEYS", "0" * 43 + "=!"),
        ("THROUGHLINE_KEYS", "0" * 43 + "=," + "0" * 44),
        ("THROUGHLINE_KEYS", ","),
        ("OTEL_TRACES_SAMPLER", "half"),
        ("OTEL_TRACES_SAMPLER_ARG", "5"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "foo"),
        ("OIDC_PROVIDERS", "Key Cloak"),
        ("OIDC_KC_ISSUER", "https://login.example.com"),  # of a provider that is not listed
    ],
)
def test_setting_that_would_only_fail_later_is_refused_at_once(name: str, text: str) -> None:
    wrong = refused({name: text, "PORT": "eighty"})
    assert len(wrong) == 2
    port, other = sorted(wrong, key=lambda sentence: not sentence.startswith("PORT"))
    assert port.startswith("PORT must be")
    assert other.startswith(name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ALLOWED_HOSTS", "hub.example.com, .example.com, 10.1.2.3, [::1], *, localhost, hub_web"),
        ("OUTBOUND_ALLOWED", "localhost:8601,10.1.0.0/16:443,[::1]:8601,10.0.0.5:*,127.0.0.1:*"),
        ("CONNECTOR_PATHS", "/tmp"),
        ("REDIS_URL", "redis://:secret@localhost:6379/0"),
        ("REDIS_URL", "unix:///run/redis.sock?db=1"),
        ("REDIS_URL", "rediss://cache.example.com:6380/?db=2"),
        ("REDIS_URL", "rediss://:p%40ss@[::1]:6380/2?ssl_cert_reqs=none&ssl_check_hostname=false"),
        ("REDIS_URL", "redis://"),
        ("DATABASE_URL", "postgresql://hub@db:5432/hub?sslmode=verify-full&connect_timeout=5"),
        ("DATABASE_URL", "postgresql://hub@db1:5432,db2:5433/hub?target_session_attrs=read-write"),
        ("DATABASE_URL", "postgresql:///hub?host=/run/postgresql"),
        ("DATABASE_URL", "postgresql://hub@a:5432,b:5433/hub?hostaddr=10.0.0.1,10.0.0.2&sslmode=verify-full"),
        ("DATABASE_URL", "postgresql://hub@db/hub?sslrootcert=system&sslmode=verify-full&keepalives_idle=30"),
        ("DATABASE_URL", "postgresql://hub@db/hub?ssl_min_protocol_version=TLSv1.3&options=-csearch_path%3Dhub"),
        ("THROUGHLINE_KEYS", ",".join(["0" * 43 + "=", "1" * 42 + "A="])),
        ("THROUGHLINE_KEYS", "\n".join(["0" * 43 + "=", "+/" + "1" * 40 + "A="])),
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.05"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a=b, other=c"),
    ],
)
def test_setting_that_can_be_used_is_taken(name: str, text: str) -> None:
    read({name: text})


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("ALLOWED_HOSTS", ",", "it names nothing"),
        ("REDIS_URL", "redis://:hunter2@queue?foo=bar", "its foo cannot be that"),
        ("DATABASE_URL", "postgresql://hub:hunter2@db/hub?foo=bar", 'invalid URI query parameter: "foo"'),
        ("DATABASE_URL", "postgresql://hub:hunter2@db", "it does not name the database"),
        ("DATABASE_URL", "postgresql://hub:hunter2@db/hub?hostaddr=nowhere", "its hostaddr is no address in numbers"),
        ("DATABASE_URL", "postgresql://hub:hunter2@db/hub?sslmode=maybe", 'invalid sslmode value: "maybe"'),
        ("DATABASE_URL", "postgresql://hub:hunter2@db/hub?sslrootcert=/no", "its sslrootcert is no file that is there"),
        ("DATABASE_URL", "postgresql://hub:hunter2@[db/hub", ""),
    ],
)
def test_what_is_wrong_with_an_address_is_said_without_its_secrets(name: str, text: str, why: str) -> None:
    (said,) = refused({name: text})
    assert said.startswith(f"{name} must be ")
    assert said.endswith(f"({why})." if why else ".")
    assert "hunter2" not in said
