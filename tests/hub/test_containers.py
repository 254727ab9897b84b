"""The container files keep their form: no secret in them, nobody root, all watched, only the web published."""

import re
from typing import Any

import pytest
import yaml

from hub.environment.declared import LANES, VARIABLES
from hub.environment.reading import read
from hub.supervisor.options import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("throughline")}
RUNNING = set(SERVICES) - {"migrate"}
NAMES = {name for each in VARIABLES for name in ([each.name, each.file] if each.secret else [each.name])}


def lanes_of(service: dict[str, Any]) -> list[str]:
    command = service.get("command", [])
    return command[command.index("-Q") + 1].split(",") if "-Q" in command else []


def test_every_part_of_the_hub_is_there() -> None:
    workers = {name for name in SERVICES if name.startswith("worker-")}
    assert set(SERVICES) == {"database", "queue", "migrate", "web", "beat"} | workers
    assert sorted(lane for name in workers for lane in lanes_of(SERVICES[name])) == sorted(LANES)
    assert SERVICES["database"]["image"] == "postgres:18"
    assert SERVICES["migrate"]["command"] == ["python", "manage.py", "prepare"]


def test_settings_are_ours_by_name_and_can_be_read() -> None:
    for service in OURS.values():
        given = service["environment"]
        assert set(given) <= NAMES
        plain = {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", text) for name, text in given.items()}
        read({name: text for name, text in plain.items() if not name.endswith("_FILE")})
        assert {name for name in re.findall(r"\$\{(\w+)", str(given))} <= NAMES


def test_guide_writes_what_every_start_needs_into_a_file_that_is_never_kept() -> None:
    guide = (ROOT / "docs" / "operator.md").read_text()
    steps = re.search(r"^cat > \.env <<'END'\n(.*?)^END$.*?^```$", guide, re.MULTILINE | re.DOTALL)
    assert steps is not None
    assert re.findall(r"^(\w+)=", steps[1], re.MULTILINE) == [
        "ALLOWED_HOSTS",
        "WEB_ADDRESS",
        "HTTPS",
        "TRUSTED_PROXIES",
    ]
    assert not re.search(r"^\w+=\S+ docker compose", guide, re.MULTILINE)
    for ignored in (".gitignore", ".dockerignore"):
        assert ".env" in (ROOT / ignored).read_text().splitlines()


def test_every_other_setting_can_be_given_in_a_file_that_is_never_kept() -> None:
    assert all(service["env_file"] == [{"path": "hub.env", "required": False}] for service in OURS.values())
    for ignored in (".gitignore", ".dockerignore"):
        assert "hub.env" in (ROOT / ignored).read_text().splitlines()


def test_no_secret_stands_in_the_file() -> None:
    secret = {each.name for each in VARIABLES if each.secret} - {"DATABASE_URL", "REDIS_URL"}
    for service in SERVICES.values():
        assert not secret & set(service.get("environment", {}))
        files = [text for name, text in service.get("environment", {}).items() if name.endswith("_FILE")]
        assert files == [f"/run/secrets/{name}" for name in map(lambda path: path.rpartition("/")[2], files)]
        assert {path.rpartition("/")[2] for path in files} == set(service.get("secrets", []))
    assert all(re.fullmatch(r"\./secrets/\w+", each["file"]) for each in COMPOSE["secrets"].values())
    assert "@" not in OURS["web"]["environment"]["REDIS_URL"]
    assert not re.search(r"//[^/@]*:[^/@]*@", OURS["web"]["environment"]["DATABASE_URL"])
    for ignored in (".gitignore", ".dockerignore"):
        assert re.search(r"^secrets/?$", (ROOT / ignored).read_text(), re.MULTILINE)


def test_only_the_web_is_published_and_the_servers_stay_inside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert SERVICES["web"]["ports"] == ["${WEB_ADDRESS:-127.0.0.1:8000}:8000"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert SERVICES["database"]["networks"] == SERVICES["queue"]["networks"] == ["inside"]


@pytest.mark.parametrize("name", sorted(RUNNING))
def test_what_runs_is_watched_and_started_again(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


def test_nothing_of_ours_runs_before_the_schema_is_there() -> None:
    assert SERVICES["migrate"]["restart"] == "no"
    for name in set(OURS) - {"migrate"}:
        after = OURS[name]["depends_on"]
        assert after["migrate"] == {"condition": "service_completed_successfully"}
        assert after["database"] == after["queue"] == {"condition": "service_healthy"}


def test_programs_of_ours_have_no_rights_that_they_do_not_need() -> None:
    for service in OURS.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]


def test_what_is_kept_lies_in_volumes() -> None:
    assert SERVICES["database"]["volumes"] == ["database:/var/lib/postgresql"]
    assert set(COMPOSE["volumes"]) == {"database", "state"}
    assert all(service["volumes"] == ["state:/state"] for service in OURS.values())


def test_image_is_built_in_stages_from_the_lock_and_runs_unprivileged() -> None:
    assert DOCKERFILE.count("\nFROM ") == 2
    assert "--require-hashes" in DOCKERFILE
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER hub$", last, re.MULTILINE)
    assert "USER root" not in last
    assert re.search(r"^HEALTHCHECK .*\n? .*/live", last, re.MULTILINE)
    for line in re.findall(r"^COPY (?!--)(.*)$", DOCKERFILE, re.MULTILINE):
        assert all((ROOT / name).exists() for name in line.split()[:-1])


def test_image_holds_every_application() -> None:
    from django.conf import settings

    copied = {name for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE) for name in line.split()}
    ours = {name for name in settings.INSTALLED_APPS if (ROOT / name).is_dir()} | {"canonical", "static", "templates"}
    assert ours <= copied


def test_lock_of_the_image_is_a_part_of_the_whole_lock() -> None:
    def pins(name: str) -> dict[str, set[str]]:
        blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text())
        return {block.split("==")[0]: set(re.findall(r"==\S+|sha256:\w+", block)) for block in blocks if "==" in block}

    whole, part = pins("requirements.lock"), pins("requirements-run.lock")
    assert len(part) > 40
    assert {name for name in part if part[name] != whole.get(name)} == set()
    assert {"pytest", "mypy", "ruff", "uv"} & set(part) == set()
    assert {"django", "gunicorn", "psycopg", "prometheus-client"} <= set(part)


def test_all_that_the_hub_loads_is_in_the_lock_of_the_image(start_process) -> None:
    """What only the tools of developers bring must not be needed: it is not in the image."""
    code = (
        "import sys; from importlib.metadata import packages_distributions as names; import django; django.setup();"
        "import hub.wsgi, hub.web, hub.celery, hub.pulse, hub.tracing, connectors.engine, routes.tasks;"
        "import kombu.transport.redis, celery.apps.worker, celery.apps.beat, gunicorn.workers.gthread;"
        "import opentelemetry.exporter.otlp.proto.http.trace_exporter, celery.concurrency.thread;"
        "by = names(); used = {name.partition('.')[0] for name in sys.modules};"
        "print('\\n'.join(sorted({d.lower().replace('_', '-') for name in used for d in by.get(name, [])})))"
    )
    told = {"DJANGO_SETTINGS_MODULE": "hub.settings", "METRICS_TOKEN": "figures-for-tests"}
    started = start_process(["python", "-W", "ignore", "-c", code], told)
    assert started.wait() == 0, started.output
    pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements-run.lock").read_text(), re.MULTILINE))
    loaded = set(started.output.split())
    assert len(loaded) > 25
    # Celery takes greenlet where it is there, as it is where the tests' browser is driven, and does without it.
    assert loaded - pinned - {"pip", "typing-extensions", "greenlet"} == set()
