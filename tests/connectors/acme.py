"""A vendor that does not exist: its manifest for tests, connections to it, and the server that plays it."""

from typing import Any

from connectors.manifest.load import read_manifest
from connectors.models import Connection
from connectors.registry import Connector
from connectors.spec import ConnectionSpec

MANIFEST = """
name: acme
title: Acme
version: 1
base_url: "{answers.base}"
questions:
  base: {title: Address, default: "https://api.acme.example"}
  account: {title: Account number, pattern: '[0-9]+', example: "123", required: false}
  token: {title: Access token, secret: true, where: "Profile, Developers"}
auth:
  - {name: token, title: Access token, kind: header, headers: {Authorization: "Bearer {secrets.token}"}}
test: {path: /me, expect: [id], shows: email}
limits: {response_bytes: 100000, redirects: 2}
errors:
  envelope: error
  code: [error.code, code]
  message: [error.message, message]
  rows:
    - {status: 401, category: credentials, renew: true, example: {status: 401, body: {message: "expired"}}}
    - {status: 403, category: no_right, example: {status: 403, body: {message: "not allowed"}}}
    - {status: 429, category: throttled, example: {status: 429, headers: {Retry-After: "7"}}}
    - status: [200, 422]
      pattern: 'already taken'
      category: duplicate
      hint: Link it.
      example: {status: 422, body: {message: "Key already taken"}}
    - {status: 422, category: validation, example: {status: 422, body: {message: "Hours are missing"}}}
    - status: 503
      pattern: 'nothing was done'
      category: transient
      effect: none
      example: {status: 503, body: {message: "locked, nothing was done"}}
    - {status: 5xx, category: outage, effect: unknown, example: {status: 500}}
streams:
  entries:
    title: Time entries
    key: [id]
    changed_at: updated_at
    record_link: "https://app.acme.example/entries/{id}"
    read:
      path: /entries
      query: {since: "{cursor.since?}", from: "{window.from?}", page: "{page.number}"}
      records: entries
      page_size: 2
      cursor: {kind: timestamp, overlap_seconds: 60}
      paging: {kind: page, total_pages: pages}
      window: {field: day}
    write:
      class: idempotent
      guarantee: "Acme drops repeats by the header that names our key."
      idempotency: {header: Idempotency-Key}
      key_field: ref
      operations:
        create: {method: POST, path: /entries, success: [201], id: {body: id}, version: {body: updated_at}}
        update: {method: PUT, path: "/entries/{external_id}", success: [200], id: {request: external_id}}
        upsert: {method: PUT, path: "/entries/eid:{key}", success: [204], id: {location: '/entries/([0-9]+)$'}}
        void: {method: DELETE, path: "/entries/{external_id}", body: null, success: [204], id: {request: external_id}}
      look_up: {path: /entries/search, query: {ref: "{key}"}, records: entries, match: ref, id: id, absent: [404]}
documentation: {home: "https://acme.example/docs"}
"""


def acme(manifest: str = MANIFEST, overrides: Any = None) -> Connector:
    """Return the connector of a manifest text."""
    read = read_manifest(manifest, "acme/manifest.yaml")
    return Connector(read.name, read, overrides)


def spec_for(base: str, connector: Connector | None = None, **more: Any) -> ConnectionSpec:
    """Return a connection to a server at `base`."""
    secrets = more.pop("secrets", {"token": "s3cret-token-of-acme"})
    answers = {"base": base, **more.pop("answers", {})}
    return ConnectionSpec(more.pop("id", 1), "acme", connector or acme(), answers, secrets, **{"timeout": 5.0, **more})


def saved_connection(**more: Any) -> Connection:
    """Return a connection row of the firm's German company."""
    from governance.models import LegalEntity

    entity, _ = LegalEntity.objects.get_or_create(
        code="HP-DE", defaults={"name": "Halden & Partner GmbH", "country": "DE", "currency": "EUR"}
    )
    values = {"slug": "acme", "name": "Acme", "connector": "acme", "legal_entity": entity}
    return Connection.objects.create(**values | {"secrets": {"token": "s3cret-token-of-acme"}} | more)
