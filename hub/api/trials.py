"""Process API: the samples of a mapping, and what a draft of it would make of one. Nothing is kept or sent."""

import json
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api import forms
from governance.api.door import Door, person
from governance.api.refusals import INVALID_BODY, NOT_POSSIBLE, FieldError, Refused
from governance.api.told import told
from governance.models import User, Version
from governance.rights import Right, allowed, require
from hub.mapping_pages import samples
from hub.mapping_pages.found import newest
from hub.mapping_pages.samples import NoSample
from mappings import drafting
from mappings.api.mappings import CONTENT, mapping_of, told_by_place
from mappings.covering import covered_one
from mappings.field_table import FieldTable, table_of
from mappings.models import Mapping
from mappings.row_trial import Sample, TableTrial, Tried, try_rows
from mappings.samples import UnreadableSample, read_samples
from mappings.shipped import as_json

SAMPLE = {"name": "shipped:0", "words": "Sample 1 of the connector"}
TRIAL: dict[str, Any] = {
    "fields": [{"to": "hours", "before": [{"path": "hours", "value": "7.5"}], "after": "7.5", "hidden": False,
                "problems": []}],
    "rules": [{"name": "hours above zero", "holds": True, "hidden": False, "problems": []}],
    "problems": [{"severity": "warning", "message": "Cost center: there is none."}],
}  # fmt: skip


class SampleShape(serializers.Serializer[Any]):
    """A record that a mapping can be tried on."""

    name = serializers.CharField(help_text="for `sample` of a trial")
    words = serializers.CharField()


class SamplesShape(serializers.Serializer[Any]):
    """The samples of a mapping: a few of the connector's, and the newest records of routes that use it."""

    items = SampleShape(many=True)


class SaidShape(serializers.Serializer[Any]):
    """One thing that is wrong, or that nobody expects."""

    severity = serializers.ChoiceField(choices=["error", "warning"])
    message = serializers.CharField()


class ReadShape(serializers.Serializer[Any]):
    """A value that a field is made from."""

    path = serializers.CharField()
    value = serializers.JSONField(allow_null=True)


class TriedFieldShape(serializers.Serializer[Any]):
    """What becomes of the sample at one field."""

    to = serializers.CharField()
    before = ReadShape(many=True)
    after = serializers.JSONField(allow_null=True)
    hidden = serializers.BooleanField(help_text="it reads what you may not see, so no value is told")
    problems = SaidShape(many=True)


class TriedRuleShape(serializers.Serializer[Any]):
    """What a rule says of the sample."""

    name = serializers.CharField()
    holds = serializers.BooleanField(allow_null=True, help_text="null: hidden, or it was not asked")
    hidden = serializers.BooleanField()
    problems = SaidShape(many=True)


class MappingTrialShape(serializers.Serializer[Any]):
    """What a mapping would make of one record, with today's tables."""

    fields = TriedFieldShape(many=True)  # type: ignore[assignment]  # a field here
    rules = TriedRuleShape(many=True)
    problems = SaidShape(many=True, help_text="of the record as a whole")


class TrialBody(forms.Form):
    """A mapping (a content, or a version; else the newest one), and a record (a sample by name, or written out)."""

    content = forms.Anything(required=False)
    version = forms.Whole(required=False, min_value=1, max_value=2**31 - 1)
    sample = forms.Text(required=False, max_length=60, help_text="a name of the list of samples")
    record = forms.Anything(required=False, help_text="as the source would send it")

    def validate(self, attrs: Any) -> Any:
        """Ask for one record, and at most one mapping."""
        if ("sample" in attrs) == ("record" in attrs):
            raise serializers.ValidationError({"sample": ["Give either a sample, or a record."]})
        if "content" in attrs and "version" in attrs:
            raise serializers.ValidationError({"version": ["Give either a content, or a version."]})
        return attrs


class SamplesDoor(Door):
    """The samples of a mapping."""

    layer = "process"

    @told(SamplesShape, sample={"items": [SAMPLE]})
    def get(self, request: Request, key: str) -> Response:
        """List the records that a mapping can be tried on, for whoever edits or approves it."""
        by = person(request)
        row = mapping_of(by, key)
        _may_try(by, row)
        table = _table(row, {}, by)
        found = samples.choices(row, by, table.source, table.target)
        items = [{"name": each.value, "words": each.words} for each in found if each.value != samples.PASTED]
        return Response({"items": items})


class TrialsDoor(Door):
    """Trying a mapping."""

    layer = "process"

    @told(
        MappingTrialShape, form=TrialBody, repeats=False, sample=TRIAL, sent={"content": CONTENT, "sample": "shipped:0"}
    )
    def post(self, request: Request, key: str) -> Response:
        """Show what a mapping would make of one record, field by field, and what is wrong. Keeps nothing."""
        by = person(request)
        row = mapping_of(by, key)
        _may_try(by, row)
        _, values = forms.read(request, TrialBody, {})
        table = _table(row, values, by)
        trial = try_rows(row, table=table, sample=_sample(row, table, values, by), by=by)
        return Response(MappingTrialShape(_shown(table, trial)).data)


def _may_try(by: User, row: Mapping) -> None:
    """Ask for the right, before anything is said of versions and samples. Raises NotAllowed."""
    if not allowed(by, Right.APPROVE_CONFIGURATION, row.legal_entity):
        require(by, Right.EDIT_CONFIGURATION, row.legal_entity)


def _table(row: Mapping, values: dict[str, Any], by: User) -> FieldTable:
    """Return the mapping that is meant. Raises Refused (404, 409, 422)."""
    if "content" in values:
        with told_by_place():
            drafting.judge(values["content"], by=by, key=row.key)
        return table_of(values["content"])
    version: Version | None = newest(row)
    if "version" in values:
        found = Version.objects.of("mapping", row.key).filter(number=values["version"]).first()
        if found is None:
            words = f"There is no version {values['version']} of this mapping."
            raise Refused(INVALID_BODY, words, errors=[FieldError("/version", words, "the number of a version")])
        version = found
    if version is None:
        raise Refused(NOT_POSSIBLE, "This mapping has no version yet. Send a content.")
    return table_of(covered_one(version.content, by=by))


def _sample(row: Mapping, table: FieldTable, values: dict[str, Any], by: User) -> Sample | None:
    try:
        if "record" in values:
            record = read_samples(json.dumps(values["record"]))[0]
            return Sample(record, legal_entity_id=row.legal_entity_id)
        if values["sample"] == samples.PASTED:  # of the pages: here it is sent as `record`
            raise NoSample("This is no sample of the list. Send a record of your own as `record`.")
        return samples.sample_of(row, values["sample"], "", by, table.source, table.target)
    except (NoSample, UnreadableSample) as error:
        field = "/record" if "record" in values else "/sample"
        raise Refused(
            INVALID_BODY, str(error), errors=[FieldError(field, str(error), "a record, or a name of the list")]
        ) from None


def _shown(table: FieldTable, trial: TableTrial) -> dict[str, Any]:
    doubts: dict[tuple[str, int], list[dict[str, str]]] = {}
    for place, problem in trial.doubts:
        words = f"{problem.message} {problem.remedy}"
        doubts.setdefault((place.what, place.row), []).append({"severity": "warning", "message": words})
    return {
        "fields": [
            {
                "to": row.to,
                "before": [
                    {"path": path, "value": None if tried.hidden else as_json(value)} for path, value in tried.before
                ],
                "after": None if tried.hidden else as_json(tried.after),
                "hidden": tried.hidden,
                "problems": [*doubts.get(("field", number), []), *_said(tried.said)],
            }
            for number, (row, tried) in enumerate(zip(table.fields, trial.fields, strict=True))
        ],
        "rules": [
            {
                "name": rule.name,
                "holds": _holds(tried),
                "hidden": tried.hidden,
                "problems": [*doubts.get(("rule", number), []), *_said(tried.said)],
            }
            for number, (rule, tried) in enumerate(zip(table.rules, trial.rules, strict=True))
        ],
        "problems": _said(trial.said),
    }


def _holds(tried: Tried) -> bool | None:
    return None if tried.hidden or tried.after is None else bool(tried.after)


def _said(said: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"severity": severity, "message": message} for severity, message in said]
