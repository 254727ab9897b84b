"""The last lines of `make run`: the pages worth opening, and who signs in how."""

from pathlib import Path

from django.urls import resolve

from hub.demonstration import staff
from hub.supervisor import signposts as module
from hub.supervisor.options import Options
from hub.supervisor.signposts import signposts

URL = "http://127.0.0.1:8000/"


def told(tmp_path: Path, **environment: str) -> dict[str, str]:
    return signposts(URL, Options.of({"STATE": str(tmp_path), **environment}), tmp_path / "logs")


def test_signposts_name_pages_that_exist(tmp_path: Path) -> None:
    pages = [words.split()[0] for words in told(tmp_path).values() if words.startswith(URL)]
    assert len(pages) == 4
    assert all(resolve(page.removeprefix(URL.rstrip("/"))) for page in pages)


def test_signposts_tell_the_demonstrations_people_and_their_password(tmp_path: Path) -> None:
    (tmp_path / module.PASSWORD_FILE).write_text("four candles\n")

    words = told(tmp_path)["Sign in"]

    assert staff.PASSWORD_FILE == module.PASSWORD_FILE
    assert set(module.SIGN_INS) == {person.user_name for person in staff.STAFF}
    assert all(name in words for name in module.SIGN_INS)
    assert words.endswith("is four candles")


def test_signposts_tell_no_password_that_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / module.PASSWORD_FILE).write_text("four candles\n")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / module.OTHER_PASSWORDS).touch()

    words = told(tmp_path)["Sign in"]

    assert "four candles" not in words
    assert "the passwords that they had in the hub that this database comes from" in words
    assert staff.OTHER_PASSWORDS == module.OTHER_PASSWORDS


def test_signposts_tell_how_the_first_account_is_made_without_a_demonstration(tmp_path: Path) -> None:
    assert "manage.py createsuperuser" in told(tmp_path, DEMO="0")["Sign in"]
    assert "manage.py vouch USER" in told(tmp_path, DEMO="0")["Sign in"]
