"""Every field of what is configured is written by `config export`, or named with the reason why it is not.

Nothing is believed: each field is changed in the database, and the export has to change with it.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models, transaction

from connectors.models import Connection, MaintenanceWindow
from exceptions_queue.models import (
    ApprovalPolicy,
    CutOff,
    FallbackTeam,
    GroupingRule,
    RoutingRule,
    Team,
    Yardstick,
)
from governance.actor import ENGINE
from governance.encrypted import EncryptedJSONField
from governance.models import BusinessCalendar
from hub.configuration import plan
from hub.configuration.left_out import FIELDS, MODELS
from mappings.models import LookupTable
from routes import schedules
from routes.models import Destination, Route
from tests.governance.people import company

pytestmark = pytest.mark.django_db
OURS = ("governance", "connectors", "mappings", "routes", "exceptions_queue", "hub", "django_celery_beat")
ALWAYS_BY_REFERENCE = "routes.Subscription.secrets"  # each has one, so the export says where it lies whatever it is
KIND = {  # in which folder a model's fields stand
    "governance.LegalEntity": "legal_entities", "governance.BusinessCalendar": "calendars",
    "governance.WeekdayHours": "calendars", "governance.CalendarDay": "calendars", "governance.RoleGrant": "roles",
    "governance.Version": "mappings", "mappings.Mapping": "mappings", "connectors.Connection": "connections",
    "connectors.MaintenanceWindow": "connections", "mappings.LookupTable": "tables", "mappings.TableRow": "tables",
    "routes.Route": "routes", "routes.Destination": "routes", "routes.Subscription": "subscriptions",
    "exceptions_queue.GroupingRule": "grouping_rules",
    "exceptions_queue.CutOff": "cut_offs", "exceptions_queue.Yardstick": "order_of_exceptions",
    "exceptions_queue.Team": "teams", "exceptions_queue.FallbackTeam": "fallback_teams",
    "exceptions_queue.RoutingRule": "routing_rules", "exceptions_queue.ApprovalPolicy": "approval_policies",
    "django_celery_beat.PeriodicTask": "schedules", "django_celery_beat.IntervalSchedule": "schedules",
    "django_celery_beat.CrontabSchedule": "schedules",
}  # fmt: skip
OTHER: dict[str, Any] = {  # where no other value of the same kind would do
    "connectors.MaintenanceWindow.weekday": 0, "governance.WeekdayHours.weekday": 6,
    "connectors.Connection.answers": {"account": "654321", "contact": "it@halden-partner.example"},
    "mappings.LookupTable.accepted": {"item": {"choices": ["SVC-XXX"]}},
    "mappings.LookupTable.value_columns": {"item": "text", "more": "text"},
    "mappings.TableRow.values": {"item": "SVC-BLD"},
    "mappings.TableRow.approved_at": None,
    "mappings.TableRow.recorded_to": datetime(2026, 1, 1, tzinfo=UTC),
    "governance.Version.content": {"name": "another"},
    "governance.Version.state": "retired",
    "governance.Version.object_key": "harvest.elsewhere",
    "exceptions_queue.CutOff.routes": [1], "exceptions_queue.CutOff.dates": [date(2026, 12, 18)],
    "exceptions_queue.CutOff.weekday": 4, "exceptions_queue.RoutingRule.routes": [1],
    "exceptions_queue.ApprovalPolicy.deeds": ["links"],
}  # fmt: skip


def ours() -> list[type[models.Model]]:
    found = [model for model in apps.get_models() if model._meta.app_label in OURS]
    return [model for model in found if not model.__name__.startswith("Historical")]


def test_every_model_is_configuration_or_named_as_none() -> None:
    known = {model._meta.label for model in ours()}
    assert known - FIELDS.keys() - MODELS.keys() == set()
    assert (FIELDS.keys() | MODELS.keys()) - known == set()
    assert FIELDS.keys() & MODELS.keys() == set()
    for label, fields in FIELDS.items():
        there = {field.name for field in apps.get_model(label)._meta.concrete_fields}
        assert set(fields) - there == set(), label


def test_every_field_is_written_or_named_with_the_reason_why_not(firm) -> None:
    fill(firm)
    unchecked()
    before = plan.everything(ENGINE)
    kept = [
        f"{label}.{field.name}"
        for label, left in FIELDS.items()
        for field in apps.get_model(label)._meta.concrete_fields
        if field.name not in left
        and f"{label}.{field.name}" != ALWAYS_BY_REFERENCE
        and not changes_the_export(apps.get_model(label), field, before)
    ]
    assert kept == []
    assert all(each["secret"]["secret"].startswith("env:") for each in before["subscriptions"].values())


def fill(firm) -> None:
    """Give the firm a value in every field, so that each can be changed alone."""
    Connection.objects.update(timeout_seconds=20.0, requests_allowed=10, period_seconds=5.0)
    noon = datetime(2026, 12, 24, 12, tzinfo=UTC)
    MaintenanceWindow.objects.create(
        connection=Connection.objects.get(slug="netsuite"), reason="moved", starts_at=noon,
        ends_at=noon + timedelta(hours=1),
    )  # fmt: skip
    CutOff.objects.create(
        legal_entity=company("HP-US"), name="Billing", kind="billing_run", rule="working_day", number=3, at=time(18),
        covers="month_before",
    )  # fmt: skip
    GroupingRule.objects.create(
        legal_entity=company("HP-US"), name="New services", category="refused", field="item", cause="c", reason="r",
        made_by="person:1", made_at=noon, connection=Connection.objects.get(slug="netsuite"),
        route_id=firm.routes[0].pk,
    )  # fmt: skip
    Yardstick.objects.create(currency="EUR")
    Team.objects.create(name="tax", role="finance")
    ApprovalPolicy.objects.create(name="Large waivers", deeds=["waivers"], amount_from="1000.00")
    FallbackTeam.objects.create(category="any", team="tax")
    RoutingRule.objects.create(
        name="Large ones",
        legal_entity=company("HP-US"),
        team="tax",
        amount_from="1000.00",
        amount_below="5000.00",
        priority=70,
    )
    BusinessCalendar.objects.create(legal_entity=company("HP-US"), country="US", time_zone="UTC")
    LookupTable.objects.filter(name="bill_rates").update(approval_amount="100.00")
    upstream = Route.objects.create(
        slug="invoices", name="Invoices", legal_entity=firm.routes[0].legal_entity, canonical_entity="time_entry",
        upstream=Destination.objects.all()[0], mapping="m", group_by="project",
    )  # fmt: skip
    schedules.set_schedule(upstream, by=ENGINE, crontab="30 6 * * 1-5", timezone="Europe/Berlin")


def unchecked() -> None:
    """Let each value be changed alone: what only goes together is checked no more, until this test is rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in {apps.get_model(label)._meta.db_table for label in FIELDS}:
            cursor.execute(
                "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'u', 'x')",
                [table],
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}" CASCADE')


def changes_the_export(model: type[models.Model], field: Any, before: dict[str, Any]) -> bool:
    """Return whether another value of the field, in one row that has one, makes another export."""
    rows = model._base_manager.all()
    if model._meta.label == "governance.Version":
        rows = rows.filter(object_key="harvest.clients", state="draft" if field.name == "content" else "published")
    if model._meta.label == "mappings.TableRow":
        rows = rows.filter(recorded_to=None)
    if model is MaintenanceWindow and field.name == "time_zone":
        rows = rows.filter(starts_at=None)  # a single moment has its offset
    if not isinstance(field, EncryptedJSONField):
        rows = rows.exclude(**{field.name: None})
    row = rows.first() or model._base_manager.first()
    assert row is not None, model
    kind = KIND[model._meta.label]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # rows that never change are changed here, too
        if isinstance(field, EncryptedJSONField):
            model._base_manager.filter(pk=row.pk).update(secrets={})
        else:
            model._base_manager.filter(pk=row.pk).update(**{field.attname: other(model, field, row)})
        found = plan.everything(ENGINE, (kind,))[kind] != before[kind]
        transaction.set_rollback(True)
    return found


def other(model: type[models.Model], field: Any, row: models.Model) -> Any:
    """Return another value for a field."""
    if (place := f"{model._meta.label}.{field.name}") in OTHER:
        return OTHER[place]
    value = getattr(row, field.attname)
    if field.choices:
        return next(key for key, _ in field.flatchoices if key != value)
    if isinstance(field, models.ForeignKey):
        return field.related_model._base_manager.exclude(pk=value).values_list("pk", flat=True).first()
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, list):
        return [*value, value[0] if value and not isinstance(value[0], str) else "x"]
    if isinstance(value, datetime | date):
        return value + timedelta(days=1)
    if isinstance(value, time):
        return value.replace(minute=(value.minute + 1) % 60)
    if isinstance(value, str):
        return value[:-1] + ("y" if value.endswith("x") else "x")
    if value is None:
        return _first_of(field)
    return value + 1  # decimals


def _first_of(field: Any) -> Any:
    kinds: list[tuple[type, Any]] = [
        (models.DateTimeField, datetime(2026, 1, 1, tzinfo=UTC)), (models.DateField, date(2020, 1, 1)),
        (models.IntegerField, 1), (models.FloatField, 1.0), (models.DecimalField, 1),
    ]  # fmt: skip
    return next((value for kind, value in kinds if isinstance(field, kind)), "x")
