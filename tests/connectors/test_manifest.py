"""Manifests: every problem at once, with line, path and remedy; templates do no more than they should."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.manifest import ManifestErrors, try_out
from connectors.manifest.load import read_manifest
from connectors.registry import Registry, UnknownConnector, load_all, load_connector, vendor_folders
from connectors.template import TemplateError, compile_template
from tests.connectors.acme import MANIFEST


def problems(text: str) -> list[str]:
    with pytest.raises(ManifestErrors) as caught:
        read_manifest(text, "m.yaml")
    for problem in caught.value.problems:
        assert problem.line >= 1
        assert problem.remedy
    return [str(problem) for problem in caught.value.problems]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_manifest_reports_every_problem_at_once_with_line_path_and_remedy() -> None:
    broken = (
        MANIFEST.replace("{secrets.token}", "{secrets.tokn}")
        .replace("kind: page, total_pages", "kind: pages, total_pages")
        .replace("category: no_right", "category: norights")
        .replace("    title: Time entries\n", "")
        .replace("'already taken'", "'already (taken'")
    )
    found = problems(broken)
    for part in (
        f"m.yaml:{line_of(broken, 'tokn')}: auth.0.headers.Authorization: no question gives {{secrets.tokn}}. "
        "Add it under questions, or use one of: token.",
        f"m.yaml:{line_of(broken, 'kind: pages')}: streams.entries.read.paging",
        f'm.yaml:{line_of(broken, "norights")}: errors.rows.1.category: "norights" is not one of the possible values.',
        "'title' is missing.",
        "is not an RE2 pattern",
    ):
        assert any(part in line for line in found), (part, found)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: acme", "name: acme\nname: acme", "'name' is written twice"),
        ("name: acme", "name: acme\n[a]: b", "a list or a map stands where a name is meant"),
        ("title: Acme", "title: [Acme", "not readable as YAML"),
        ("version: 1", "versoin: 1", "'versoin' is not known here"),
        ("{cursor.since?}", "{cursr.since?}", "{cursr.since} is not known here. Here one may use answers, cursor"),
        ("{page.number}", "1", "{page.number} is used nowhere"),
        ('since: "{cursor.since?}", ', "", "the cursor is never sent"),
        ("class: idempotent", "class: look_up", "class look_up without settle_seconds"),
        ("      idempotency: {header: Idempotency-Key}\n", "", "class idempotent without idempotency"),
        ("{external_id}", "{external_id|shout}", "unknown filter 'shout'"),
        ("{external_id}", "{external_id", "a lone {"),
        ("'/entries/([0-9]+)$'", "'/entries/[0-9]+$'", "the pattern has 0 groups"),
        ("    key: [id]\n", "", "a stream that is read has no key"),
        ("success: [201]", "success: [404]", "404 is no success of create"),
    ],
)
def test_manifest_says_what_is_wrong(old: str, new: str, words: str) -> None:
    assert old in MANIFEST
    found = problems(MANIFEST.replace(old, new))
    assert any(words in line for line in found), found


@pytest.mark.parametrize("text", ["", "[]", "- a", "42", "a: *b", "\x00", "{" * 200])
def test_manifest_that_is_no_map_is_a_problem_and_no_crash(text: str) -> None:
    assert problems(text)


@given(st.text(max_size=60))
def test_template_is_read_or_refused_and_never_crashes(text: str) -> None:
    try:
        template = compile_template(text)
    except TemplateError:
        return
    if template.constant is not None:
        assert template.render({}) == text.replace("{{", "{").replace("}}", "}")


def test_template_reaches_names_only_and_escapes_paths() -> None:
    class Holder:
        secret = "x"

    with pytest.raises(TemplateError, match="has no value"):
        compile_template("{answers.secret}").render({"answers": Holder()})
    with pytest.raises(TemplateError, match="is not a name"):
        compile_template("{answers.__class__}")
    path = compile_template("/a/{key}", escape=True)
    assert path.text({"key": "../b?c=d"}) == "/a/..%2Fb%3Fc%3Dd"


def folder(parent: Path, name: str, text: str = MANIFEST, code: str = "") -> Path:
    made = parent / name
    made.mkdir(parents=True)
    (made / "manifest.yaml").write_text(text)
    if code:
        (made / "connector.py").write_text(code)
    return made


def test_registry_finds_folders_and_names_what_is_there(tmp_path: Path) -> None:
    folder(tmp_path, "acme", code="def decode_record(record, stream):\n    return record\n")
    registry = Registry([tmp_path])
    assert registry.connector("acme").override("decode_record") is not None
    with pytest.raises(UnknownConnector, match="Installed: acme"):
        registry.connector("acne")


def test_registry_reports_the_problems_of_all_folders_and_duplicates(tmp_path: Path) -> None:
    folder(tmp_path / "one", "acme")
    folder(tmp_path / "two", "acme")
    folder(tmp_path / "two", "other")
    folder(tmp_path / "two", "syntax", MANIFEST.replace("name: acme", "name: syntax"), "def login(:")
    folder(tmp_path / "two", "wrong", MANIFEST.replace("name: acme", "name: wrong"), "def sign(call):\n    pass\n")
    with pytest.raises(ManifestErrors) as caught:
        load_all(item for parent in (tmp_path / "one", tmp_path / "two") for item in vendor_folders(parent))
    text = str(caught.value)
    for words in (
        "a second connector is called 'acme'", "name is 'acme' in the folder 'other'",
        "it does not load: SyntaxError", "sign() must take 3 arguments",
    ):  # fmt: skip
        assert words in text


def test_folder_tells_the_problems_of_manifest_name_and_code_at_once(tmp_path: Path) -> None:
    broken = MANIFEST.replace("{secrets.token}", "{secrets.tokn}").replace("kind: header", "kind: override")
    made = folder(tmp_path, "acmee", broken, "import json\n\n\ndef sign(call):\n    pass\n\n\nclassify = 5\n")
    with pytest.raises(ManifestErrors) as caught:
        load_connector(made)
    found = {(Path(each.file).name, each.line, each.path): each for each in caught.value.problems}
    name = line_of(broken, "name: acme")
    assert "name is 'acme' in the folder 'acmee'" in found["manifest.yaml", name, "name"].message
    assert found["manifest.yaml", line_of(broken, "tokn"), "auth.0.headers.Authorization"]
    assert "login()" in found["manifest.yaml", line_of(broken, "kind: override"), "auth.0.kind"].message
    assert "sign() must take 3 arguments" in found["connector.py", 4, "sign"].message
    assert "classify is no function" in found["connector.py", 1, "classify"].message
    assert all(each.remedy for each in found.values())


@pytest.mark.parametrize(
    ("code", "line", "words"),
    [
        ("import json\n\ndef login(:\n", 3, "SyntaxError: invalid syntax"),
        ("import json\n\nimport no_such_module\n", 3, "No module named 'no_such_module'"),
        ("def made():\n    return 1 / 0\n\n\nmade()\n", 2, "ZeroDivisionError: division by zero"),
        ("import sys\n\nsys.exit(0)\n", 3, "SystemExit"),
    ],
)
def test_code_that_does_not_load_is_told_with_its_line_beside_the_problems_of_the_manifest(
    tmp_path: Path, code: str, line: int, words: str
) -> None:
    made = folder(tmp_path, "acme", MANIFEST.replace("version: 1", "versoin: 1"), code)
    with pytest.raises(ManifestErrors) as caught:
        load_connector(made)
    told = [each for each in caught.value.problems if each.file.endswith("connector.py")]
    assert [(each.line, each.path) for each in told] == [(line, "import")]
    assert words in told[0].message
    assert "'versoin' is not known here" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [("acmee", "", "name is 'acme' in the folder 'acmee'"), ("acme", "def login(:", "connector.py:1: import: ")],
)
def test_trying_out_a_folder_finds_what_the_start_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, code: str, words: str
) -> None:
    assert try_out.main([str(folder(tmp_path, name, code=code))]) == 1
    told = capsys.readouterr().out
    assert words in told
    assert "no problems" not in told


def test_trying_out_goes_by_the_folder_that_is_meant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder(tmp_path, "acme"))
    assert try_out.main(["."]) == 0
    assert "Acme: no problems" in capsys.readouterr().out


def test_trying_out_nothing_says_what_to_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert try_out.main([]) == 2
    assert "Name the folder" in capsys.readouterr().out
