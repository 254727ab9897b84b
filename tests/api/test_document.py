"""The API's document: complete, valid, and the same as what answers."""

import json

import yaml
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from canonical.entities import ENTITIES
from hub.api.described import document


def test_document_is_served_as_json_and_yaml(client: Client) -> None:
    answer = client.get("/api/openapi.json")
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["openapi"].startswith("3.")
    assert (
        yaml.load(client.get("/api/openapi.yaml").content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        == answer.json()
    )


def test_document_describes_every_operation_in_words_with_its_errors() -> None:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            place = f"{method} {path}"
            assert operation["summary"].endswith("."), place
            assert {"400", "404", "406"} <= set(operation["responses"]), place
            nothing = (
                "/tests",
                "/previews",
                "{failure}/inquiries",
                "/take-ups",
                "{slug}/probes",
                "deliveries/{id}/redeliveries",
            )  # has to be said
            without = method in ("get", "delete") or path.endswith(nothing)
            assert ("requestBody" in operation) == (not without), place
            for status, answer in operation["responses"].items():
                if status == "204":
                    assert "content" not in answer, place
                    continue
                kind = "application/json" if int(status) < 400 else "application/problem+json"
                assert kind in answer["content"], (place, status)


def test_what_may_be_asked_of_one_cause_may_be_refused_where_an_item_has_none_such() -> None:
    asked = [
        (path, operation)
        for path, methods in document()["paths"].items()
        for operation in methods.values()
        if any(each["name"] == "cause" for each in operation.get("parameters", ())) and "{number}" in path
    ]
    assert len(asked) > 2
    assert [path for path, operation in asked if "409" not in operation["responses"]] == []


def test_document_is_made_without_a_warning() -> None:
    GENERATOR_STATS.reset()
    SchemaGenerator().get_schema(request=None, public=True)
    assert list(GENERATOR_STATS._warn_cache) + list(GENERATOR_STATS._error_cache) == []


def test_schemas_of_all_canonical_entities_are_served(client: Client) -> None:
    for name in ENTITIES:
        answer = client.get(f"/api/schemas/{name}.json")
        assert answer["Content-Type"] == "application/schema+json"
        Draft202012Validator.check_schema(json.loads(answer.content))
    for place in ("/api/schemas/project.json", "/api/openapi.json", "/api/openapi.yaml"):
        refused = client.get(f"{place}?x=1")
        assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (400, "x"), place
    assert client.get("/api/schemas/nothing.json").json()["type"] == "urn:throughline:problem:not-found"


def test_every_operation_says_that_the_hub_may_be_unable_just_now() -> None:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            assert "Retry-After" in operation["responses"]["503"]["headers"], (method, path)
