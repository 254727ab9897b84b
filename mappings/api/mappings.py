"""Process API: the mappings, one made from nothing or from what a connector ships, and what there is to begin with."""

from typing import Any
from urllib.parse import quote

from django.utils.encoding import escape_uri_path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance import taken
from governance.api import forms, paging, parameters
from governance.api.door import Door, person
from governance.api.refusals import INVALID_BODY, NOT_POSSIBLE, FieldError, Refused, not_there
from governance.api.told import told
from governance.models import LegalEntity, User
from governance.rights import NotAllowed, Right, allowed_anywhere
from mappings import drafting, starting
from mappings.filters import MappingFilter
from mappings.formula.problems import MappingErrors
from mappings.models import Mapping
from mappings.models.mapping import KEY
from mappings.written import steps

CONTENT = {
    "name": "Harvest time entries", "from": {"system": "harvest", "stream": "time_entries"},
    "to": {"entity": "time_entry"}, "fields": [{"to": "hours", "formula": "hours"}],
}  # fmt: skip
MAPPING = {
    "key": "halden.time", "title": "Harvest time entries", "legal_entity": "HP-DE", "source": "harvest time_entries",
    "target": "time_entry", "shipped": False,
}  # fmt: skip
NEW = {"key": "halden.time", "legal_entity": "HP-DE", "start": "harvest.time_entries", "note": "as it was shipped"}
START = {
    "key": "harvest.time_entries", "name": "Harvest time entries", "source": "harvest time_entries",
    "target": "time_entry", "content": CONTENT,
}  # fmt: skip


class MappingShape(serializers.Serializer[Any]):
    """A mapping."""

    key = serializers.CharField(help_text="its name in addresses")
    title = serializers.CharField()
    legal_entity = serializers.CharField(allow_null=True, help_text="null: it serves all of them")
    source = serializers.CharField()  # type: ignore[assignment]  # a field here
    target = serializers.CharField()
    shipped = serializers.BooleanField(help_text="whether it came with a connector")


class StartShape(serializers.Serializer[Any]):
    """A mapping that a connector ships, to begin with."""

    key = serializers.CharField(help_text="its name, for `start` of a new mapping")
    name = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field here
    target = serializers.CharField()
    content = serializers.DictField(child=serializers.JSONField(allow_null=True))


class StartsShape(serializers.Serializer[Any]):
    """What there is to begin with: as many as the connectors ship, all of them."""

    items = StartShape(many=True)


class NewBody(forms.Form):
    """A mapping's name, and its first draft: written out, or what a connector ships."""

    key = forms.Text(max_length=119, help_text="small letters, digits, dot, hyphen and underscore")
    legal_entity = forms.Text(
        max_length=20, required=False, allow_null=True, default=None, help_text="its code; null: it serves all of them"
    )
    content = forms.Anything(required=False, help_text="the mapping, as in the guide to formulas")
    start = forms.Text(max_length=119, required=False, help_text="the key of one of /mapping-starts")
    note = forms.Text(required=False, default="", max_length=500, allow_blank=True)

    def validate_key(self, value: str) -> str:
        """Refuse a name that no address could carry."""
        if not KEY.fullmatch(value):
            raise serializers.ValidationError("Use small letters, digits, dot, hyphen and underscore.")
        return value

    def validate(self, attrs: Any) -> Any:
        """Ask for exactly one first draft."""
        if ("content" in attrs) == ("start" in attrs):
            raise serializers.ValidationError({"content": ["Give either a content, or a start."]})
        return attrs


class MappingsDoor(Door):
    """The mappings."""

    layer = "process"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*MappingFilter.base_filters, *paging.NAMES) if request.method != "POST" else ()

    @told(MappingShape, filters=MappingFilter, paged=True, sample={"items": [MAPPING], "next": None})
    def get(self, request: Request) -> Response:
        """List mappings, by their names."""
        visible = Mapping.objects.visible_to(person(request)).select_related("legal_entity")
        rows = parameters.filtered(request, MappingFilter, visible)
        return paging.page(request, rows, ["key"], lambda found: [_shown(row) for row in found])

    @told(MappingShape, status=201, form=NewBody, sample=MAPPING, sent=NEW)
    def post(self, request: Request) -> Any:
        """Make a mapping: its version 1 is a draft of yours, which changes nothing until it is published."""
        by = person(request)

        def act(values: dict[str, Any]) -> Response:
            key, place = values["key"], _place(by, values["legal_entity"])
            known = Mapping.objects.filter(key=key)
            if known.exists():
                raise Refused(NOT_POSSIBLE, taken.words(known, "key", by=by))
            with told_by_place():
                drafting.draft(
                    key=key, content=_content(values), by=by, legal_entity=place, note=values["note"], newest_seen=0
                )
            made = Mapping.objects.select_related("legal_entity").get(key=key)
            address = f"{escape_uri_path(request.path)}/{quote(key)}"
            return Response(_shown(made), status=201, headers={"Location": address})

        return self.once(request, NewBody, act)


class MappingDoor(Door):
    """One mapping."""

    layer = "process"

    @told(MappingShape, sample=MAPPING)
    def get(self, request: Request, key: str) -> Response:
        """Show a mapping; its versions have an address of their own."""
        return Response(_shown(mapping_of(person(request), key)))


class StartsDoor(Door):
    """What a new mapping can begin with."""

    layer = "process"

    @told(StartsShape, sample={"items": [START]})
    def get(self, request: Request) -> Response:
        """List the mappings that the connectors ship, for whoever writes mappings."""
        if not allowed_anywhere(person(request), Right.EDIT_CONFIGURATION):
            raise NotAllowed(f"You need the right to {Right.EDIT_CONFIGURATION.label} to begin a mapping.")
        items = [
            {"key": each.key, "name": each.name, **drafting.listed(each.content), "content": each.content}
            for each in starting.starts()
        ]
        return Response(StartsShape({"items": items}).data)


def mapping_of(by: User, key: str) -> Mapping:
    """Return a mapping that somebody may see. Raises Refused (404)."""
    found = Mapping.objects.visible_to(by).select_related("legal_entity").filter(key=key).first()
    if found is None:
        raise not_there("mapping", key)
    return found


class told_by_place:
    """Tells what is wrong with a mapping by its place in the body."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Turn the problems of a mapping into a refusal (422)."""
        if isinstance(error, MappingErrors):
            errors = [
                FieldError(_pointer(each.path), str(each), "see the guide to formulas") for each in error.problems
            ]
            raise Refused(INVALID_BODY, "The mapping cannot run; nothing was kept.", errors=errors) from None


def _pointer(path: str) -> str:
    parts = (str(step).replace("~", "~0").replace("/", "~1") for step in steps(path))
    return "/".join(("/content", *parts))


def _place(by: User, code: str | None) -> LegalEntity | None:
    """Return the legal entity of a code. Raises Refused (422) where the caller knows none of that code."""
    found = LegalEntity.objects.visible_to(by).filter(code=code).first() if code else None
    if code is not None and found is None:
        words = f"There is no legal entity {code!r} for you."
        raise Refused(INVALID_BODY, words, errors=[FieldError("/legal_entity", words, "the code of a legal entity")])
    return found


def _content(values: dict[str, Any]) -> dict[str, Any]:
    """Return the content of the first draft. Raises Refused (422) for a start that no connector ships."""
    if "content" in values:
        return dict(values["content"])
    start = starting.start_of(values["start"])
    if start is None:
        words = f"No connector ships a mapping {values['start']!r}."
        raise Refused(INVALID_BODY, words, errors=[FieldError("/start", words, "a key of /mapping-starts")])
    return start.content


def _shown(row: Mapping) -> dict[str, Any]:
    code = row.legal_entity.code if row.legal_entity else None
    return {str(name): getattr(row, str(name)) for name in MappingShape().fields} | {"legal_entity": code}
