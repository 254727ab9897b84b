"""Static files: named by their content, compressed beforehand, kept by browsers for ever; and no page lost without."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import Client

from hub.supervisor.options import ROOT

pytestmark = pytest.mark.django_db  # the end of a request looks after its connection


@pytest.fixture
def collected(settings, tmp_path: Path) -> Path:
    """Collect our own files only: those of the packages take seconds."""
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def style_of(page: str) -> str:
    return re.search(r'href="(/static/queue/shell[^"]*\.css)"', page)[1]


def test_page_names_files_by_what_is_in_them(collected: Path) -> None:
    address = style_of(Client().get("/login/").text)
    assert re.fullmatch(r"/static/queue/shell\.[0-9a-f]{12}\.css", address)


def test_file_is_served_compressed_and_for_ever(collected: Path) -> None:
    address = staticfiles_storage.url("queue/shell.css")
    answer = Client().get(address, headers={"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert "immutable" in answer["Cache-Control"]
    assert int(re.search(r"max-age=(\d+)", answer["Cache-Control"])[1]) >= 365 * 24 * 3600
    served = answer.getvalue()
    answer.close()
    plain = gzip.decompress(served)
    assert plain == (ROOT / "static" / "queue" / "shell.css").read_bytes()
    assert len(served) < len(plain) / 2


def test_file_under_its_plain_name_is_asked_for_again_soon(collected: Path) -> None:
    answer = Client().get("/static/queue/shell.css")
    answer.close()
    assert "max-age=60," in answer["Cache-Control"]


def test_page_without_collected_files_has_plain_names(settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    assert style_of(Client().get("/login/").text) == "/static/queue/shell.css"
