"""Looks at what a person answered to a manifest's questions, before any of it is used."""

from collections.abc import Mapping
from typing import Any

from yarl import URL

from connectors.address import NotAnAddress, base_address, web_address
from connectors.exchange import mask_for
from connectors.manifest.model import Auth, Manifest
from connectors.template import Template, TemplateError


def refused_addresses(
    manifest: Manifest, auth: Auth, answers: Mapping[str, Any], secrets: Mapping[str, Any]
) -> dict[str, tuple[str, str]]:
    """Return what is wrong with the addresses that the answers make, and the remedy, by the name of the question."""
    scope = {"answers": manifest.completed(answers), "secrets": secrets}
    refused: dict[str, tuple[str, str]] = {}
    for template in (manifest.base_url, auth.values.get("token_url")):
        asked = [item.steps[1] for item in template.placeholders if item.steps[0] in scope] if template else []
        written = _rendered(template, scope) if template and asked else ""
        if not written or (template is not manifest.base_url and not written.startswith(("http://", "https://"))):
            continue  # nothing to call yet, which is told elsewhere; or a path below the other address
        try:
            (base_address if template is manifest.base_url else web_address)(written)
        except NotAnAddress as error:
            hidden = mask_for(manifest.redaction, dict(secrets)).text(written)
            refused.setdefault(asked[0], (error.words(hidden), error.remedy))
    return refused


def origins(manifest: Manifest, answers: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, str]:
    """Return scheme, host and port of the addresses that the answers make, by whose they are.

    "" is the connector's own, the others are those at which a way to sign in, by its name, fetches its tokens. One
    that cannot be made yet is left out, as is a path below the connector's own; one that nobody can call stands whole.
    """
    scope = {"answers": manifest.completed(answers), "secrets": secrets}
    templates = {"": manifest.base_url}
    for way in manifest.auth:
        if place := way.values.get("token_url") or (way.request.path if way.request else None):
            templates[way.name] = place
    written = {name: _rendered(template, scope) for name, template in templates.items()}
    return {name: _origin(text) for name, text in written.items() if text and (not name or not text.startswith("/"))}


def _origin(written: str) -> str:
    try:
        return str(URL(web_address(written), encoded=True).origin()).lower()
    except ValueError:  # of yarl or of ours
        return written


def _rendered(template: Template, scope: Mapping[str, Any]) -> str:
    try:
        return template.text(scope)
    except TemplateError:
        return ""
