"""Describes a view's method for the API's document, in one line where it stands."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from django_filters import FilterSet
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from governance.api import paging, parameters
from governance.api.forms import Form

View = TypeVar("View", bound=Callable[..., Any])
Shape = type[serializers.Serializer[Any]] | dict[str, Any]  # or a JSON Schema
KEY = OpenApiParameter(
    "Idempotency-Key", {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[\\x21-\\x7e]+$"},
    OpenApiParameter.HEADER, description="A name of your own for this request: sent again, it gets the same answer "
    "and does nothing more. With another body it is refused.",
)  # fmt: skip
MATCH = OpenApiParameter(
    "If-Match", {"type": "string", "pattern": '^"[0-9a-f]{32}"$'}, OpenApiParameter.HEADER, required=True,
    description="The ETag of what you have read.",
)  # fmt: skip

MATCH_SEEN = OpenApiParameter(
    "If-Match", {"type": "string", "pattern": '^"[0-9a-f]{32}"$'}, OpenApiParameter.HEADER,
    description="The ETag of what you have read. Where it is given, 412 answers once something else stands there.",
)  # fmt: skip


def told(
    answer: Shape | None,
    *,
    status: int = 200,
    form: type[Form] | dict[str, Any] | None = None,
    filters: type[FilterSet] | None = None,
    paged: bool = False,
    edits: bool = False,
    repeats: bool = True,
    conflicts: bool = False,
    tagged: bool = False,
    sample: Any = None,
    sent: Any = None,
    old: bool = False,
    more: Sequence[OpenApiParameter] = (),
) -> Callable[[View], View]:
    """Say what a method takes and answers; the name and first line of its docstring are its words.

    `conflicts`: it may answer 409 though it has no body; `tagged`: it tells an ETag; `edits`: it needs one; `sample`
    and `sent` are examples of answer and body.
    """
    given = [*more, *(parameters.described(filters) if filters else ()), *(paging.DESCRIBED if paged else ())]
    if form is not None and repeats and not edits:
        given.append(KEY)
    if edits:
        given.append(MATCH)
    examples = (
        [OpenApiExample("answer", value=sample, response_only=True, status_codes=[str(status)])] if sample else []
    )
    if sent is not None:
        examples.append(OpenApiExample("request", value=sent, request_only=True))
    shape: Any = answer
    if isinstance(answer, dict):
        shape = _page_of_schema(openapi(answer)) if paged else openapi(answer)
    elif paged and answer is not None:
        shape = _page_of(answer)
    body: Any = {"application/json": openapi(form)} if isinstance(form, dict) else form
    marks = {
        "x-conflicts": conflicts or (form is not None and not edits),
        "x-edits": edits,
        "x-tagged": tagged or edits,
    }
    return extend_schema(
        parameters=given, request=body, responses={status: OpenApiResponse(shape)}, examples=examples, deprecated=old,
        extensions=marks,
    )  # fmt: skip


@cache
def _page_of(shape: type[serializers.Serializer[Any]]) -> Any:
    fields = {"items": shape(many=True), "next": serializers.CharField(allow_null=True, help_text=NEXT)}
    return inline_serializer(f"{shape.__name__}Page", fields)


def _page_of_schema(schema: dict[str, Any]) -> dict[str, Any]:
    fields = {
        "items": {"type": "array", "items": schema},
        "next": {"type": "string", "nullable": True, "description": NEXT},
    }
    return {"type": "object", "properties": fields, "required": list(fields)}


def openapi(schema: Any) -> Any:
    """Return a JSON Schema as OpenAPI 3.0 writes it: without words of ours, and with its own way to leave ends out."""
    if isinstance(schema, list):
        return [openapi(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        name: {each: openapi(inner) for each, inner in value.items()} if name == "properties" else openapi(value)
        for name, value in schema.items()
        if name == "properties" or not str(name).startswith("x-")
    }
    if not isinstance(made.get("exclusiveMinimum", True), bool):
        made["minimum"], made["exclusiveMinimum"] = made["exclusiveMinimum"], True
    return made


NEXT = "Address of the next page; null at the end."
