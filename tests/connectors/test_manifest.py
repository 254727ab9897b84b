"""Manifests: every problem at once, with line, path and remedy; templates do no more than they should."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.manifest import ManifestErrors
from connectors.manifest.load import read_manifest
from connectors.registry import Registry, UnknownConnector, load_all, vendor_folders
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
