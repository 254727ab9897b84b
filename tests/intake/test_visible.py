"""Every row of ours belongs to a legal entity or says why not; what is pushed is seen by whom it belongs to."""

import pytest
from django.apps import apps

from governance.rights import entity_scoped_models_without_visible_to
from routes.models import InboundEvent, Route, WebhookRefusal
from tests.intake.firm import Firm


def test_every_model_is_scoped_by_legal_entity_or_says_why_not() -> None:
    assert entity_scoped_models_without_visible_to() == []


def test_models_that_are_declared_global_have_a_reason_that_says_something() -> None:
    models = [model for config in apps.get_app_configs() for model in config.get_models()]
    reasons = {model._meta.label: model.entity_global for model in models if getattr(model, "entity_global", "")}
    assert reasons
    assert [label for label, reason in reasons.items() if len(reason.split()) < 4] == []


@pytest.mark.parametrize("model", [Route, InboundEvent, WebhookRefusal])
def test_rows_of_another_entity_are_not_seen(firm: Firm, model: type) -> None:
    from django.utils import timezone

    from routes import intake

    intake.accept(firm.events, body=b"{}", via="api")
    WebhookRefusal.objects.create(
        connection=firm.pushed.connection, day="2026-11-20", reason="wrong", count=1, last_at=timezone.now()
    )
    assert model._default_manager.visible_to(firm.viktor).exists()
    assert not model._default_manager.visible_to(firm.ingrid).exists()
