"""The peer's lock is exact, complete, and names no registry."""

import json

import pytest

from bench import peer


def test_lock_pins_every_package_by_hash_and_names_no_registry() -> None:
    lock = json.loads((peer.HERE / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name and not package.get("inBundle")}
    assert len(packages) > 200
    assert [name for name, package in packages.items() if not package.get("integrity")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_wanted_versions_are_exact() -> None:
    wanted = json.loads((peer.HERE / "package.json").read_text())
    for version in [*wanted["dependencies"].values(), *wanted["optionalDependencies"].values()]:
        assert version.replace(".", "").isdigit()
    assert wanted["dependencies"]["node"].startswith("24.")


def test_lock_holds_the_node_of_the_package_node() -> None:
    lock = json.loads((peer.HERE / "package-lock.json").read_text())["packages"]
    versions = {lock[f"node_modules/{name}"]["version"] for name in ("node", *peer.VARIANTS)}
    assert len(versions) == 1


def test_install_says_why_it_failed_and_what_to_do(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(peer, "_npm", lambda: ["sh", "-c", "echo the registry is silent >&2; exit 7", "npm"])
    with pytest.raises(peer.NoPeer, match=r"(?s)Cause: .*the registry is silent.*Remedy: "):
        peer.install(tmp_path / "peer")


def test_install_leaves_what_is_installed_alone(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(peer, "_npm", lambda: ["true"])
    peer.install(tmp_path)
    monkeypatch.setattr(peer, "_npm", lambda: ["false"])
    peer.install(tmp_path)
    assert (tmp_path / "run.js").exists()
