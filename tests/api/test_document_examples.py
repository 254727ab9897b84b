"""The examples of the API's document: each error has one, each body that is sent, and each fits its own schema."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from canonical import json_schema
from canonical.entities import ENTITIES
from exceptions_queue.api import records, runs
from governance.api import forms
from governance.rights import Role
from hub import problems
from hub.api import problem_samples
from hub.api.changes import STEPS as CHANGES
from hub.api.described import document
from mappings.api import tables
from mappings.api.versions import STEPS as VERSIONS
from routes.api import views
from tests.governance.people import person


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation by its method and address."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_every_error_has_an_example_that_fits_its_schema() -> None:
    schema = Draft202012Validator(document()["components"]["schemas"]["Problem"])
    wrong, seen = [], set()
    for place, operation in operations():
        for status, answer in operation["responses"].items():
            if int(status) < 400:
                continue
            examples = answer["content"]["application/problem+json"].get("examples", {})
            told = [each["value"] for each in examples.values()]
            if not told or any(each["status"] != int(status) or not schema.is_valid(each) for each in told):
                wrong.append(f"{place} {status}")
            seen |= {each["type"] for each in told}
    assert wrong == []
    assert len(seen) > 15


def test_every_body_that_is_sent_has_an_example() -> None:
    lacking = [
        place
        for place, operation in operations()
        for body in operation.get("requestBody", {}).get("content", {}).values()
        if not body.get("examples")
    ]
    assert lacking == []


def test_every_answer_has_an_example_that_fits_its_schema() -> None:
    found = document()
    lacking, wrong = [], []
    for place, operation in operations():
        for status, answer in operation["responses"].items():
            body = answer.get("content", {}).get("application/json")
            if int(status) >= 400 or body is None:
                continue
            examples = [each["value"] for each in body.get("examples", {}).values()]
            if not examples:
                lacking.append(f"{place} {status}")
            schema = Draft202012Validator(plain(body["schema"], found))
            wrong += [f"{place}: {error.json_path} {error.message[:90]}" for each in examples
                      for error in schema.iter_errors(each)]  # fmt: skip
    assert (lacking, wrong) == ([], [])


def plain(schema: Any, found: dict[str, Any]) -> Any:
    """Return a schema of OpenAPI 3.0 as one of JSON Schema: what it refers to in its place, `nullable` as a type."""
    if isinstance(schema, list):
        return [plain(each, found) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return plain(found["components"]["schemas"][schema["$ref"].rpartition("/")[2]], found)
    told = {name: plain(each, found) for name, each in schema.items() if name not in ("nullable", "example")}
    return {"anyOf": [told, {"type": "null"}]} if schema.get("nullable") else told


def test_example_of_a_cut_off_is_as_its_schema_has_it() -> None:
    body = dict(operations())["post /api/experience/v1/cut-off-trials"]["requestBody"]["content"]["application/json"]
    schema = document()["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]["properties"]["at"]
    [example] = body["examples"].values()
    assert "format" not in schema, "a time without a zone is of no format"
    assert re.search(schema["pattern"], example["value"]["at"])
    assert not re.search(schema["pattern"], "24:00")


def test_examples_of_steps_are_taken_as_they_stand() -> None:
    for step in (*CHANGES, *VERSIONS):
        example = forms.sample(step.body)
        body = step.body(data=example or {})
        assert body.is_valid(), (step.name, body.errors)
        assert (example is None) == (not body.fields), step.name


@pytest.mark.parametrize(
    ("shape", "sample"),
    [
        (views.ReceivedShape, views.RECEIVED), (views.EventShape, views.STORY),
        (records.WholeRecordShape, records.WHOLE), (runs.ResubmittedShape, runs.RESUBMITTED),
        (tables.RowShape, tables.ROW), (tables.RowShape, tables.ENDED),
    ],
)  # fmt: skip
def test_example_of_an_answer_is_of_its_shape(shape: Any, sample: dict[str, Any]) -> None:
    given = shape(data=sample)
    assert given.is_valid(), given.errors
    assert sample.keys() == given.fields.keys()


def test_example_of_a_record_names_fields_of_its_entity() -> None:
    schema = json_schema(ENTITIES[str(records.WHOLE["entity"])])["properties"]
    for name, value in records.WHOLE["canonical"].items():
        assert Draft202012Validator(schema[name]).is_valid(value), name


def test_error_says_what_is_wrong_and_what_helps_and_not_its_title_again() -> None:
    assert set(problem_samples.TOLD) == set(problems.KINDS)
    for kind in problems.KINDS:
        told = problem_samples.of(kind)
        assert told["detail"].rstrip(".") != told["title"], kind.name
        assert len(told["detail"].split()) > 2, kind.name


@pytest.mark.django_db
def test_examples_of_errors_are_what_answers_say() -> None:
    client = Client(raise_request_exception=False)
    runs_, items = "/api/process/v1/runs", "/api/experience/v1/work-items"
    anonymous = client.get(runs_)
    client.force_login(person("Farid Amini", Role.FINANCE))
    sent: Any = {"content_type": "application/json"}
    refused = client.post("/api/experience/v1/order-trials", '{"currency": "EUR"}', **sent)
    client.force_login(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    answers = [
        anonymous, refused, client.get(f"{items}/4711"), client.delete(f"{items}/4711"),
        client.get(runs_, headers={"Accept": "text/html"}), client.get(f"{runs_}?size=500"),
        client.get(f"{runs_}?key=%00"),
        client.post("/api/experience/v1/order-trials", '{"currency": }', **sent),
        client.post("/api/experience/v1/order-trials", "{}", content_type="text/plain"),
        client.post("/api/experience/v1/work-item-views", "{}", headers={"Idempotency-Key": "a b"}, **sent),
        client.post("/api/experience/v1/order-trials", " " * 2_097_152, **sent),
    ]  # fmt: skip
    told = {each.json()["type"].rpartition(":")[2]: each.json() for each in answers}
    samples = {kind.name: problem_samples.of(kind) for kind in problems.KINDS}
    assert {name: each["detail"] for name, each in told.items()} == {name: samples[name]["detail"] for name in told}
    assert len(told) == len(answers), sorted(told)
