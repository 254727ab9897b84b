"""Approval policies as files. A file that makes one ask for less binds whoever applies it, as the form does."""

from decimal import Decimal

from exceptions_queue import policies
from exceptions_queue.models import ApprovalPolicy
from governance.actor import By
from hub.configuration.file import File
from hub.configuration.form import Data
from hub.configuration.kind import NamedFreely, Put
from hub.configuration.routing import named, owner_of
from hub.configuration.work import Work

LISTS = ("deeds", "fields", "categories", "entities", "contract_types")


class ApprovalPolicies(NamedFreely):
    """What needs four eyes."""

    folder, one, key = "approval_policies", "approval policy", ("name", "legal_entity")

    def rows(self, by: By) -> list[Data]:
        """Return what is here."""
        return [_policy(row) for row in ApprovalPolicy.objects.visible_to(by).select_related("legal_entity")]

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Make or change a policy."""
        value, (owner, fits) = file.value, owner_of(work, file)
        if not fits:
            return Put()
        name = value.get("name", "")
        before = ApprovalPolicy.objects.filter(legal_entity=owner, name=name).first()
        row = ApprovalPolicy(pk=before.pk if before else None, legal_entity=owner, name=name)
        row._state.adding = before is None
        row.is_on, row.unknown_too = value.get("in_use", True), value.get("unknown_too", True)
        for each in LISTS:
            setattr(row, each, sorted(value.get(each, [])))
        row.amount_from = Decimal(value["amount_from"]) if value.get("amount_from") is not None else None
        work.judge(row, {})
        work.save(row, [owner], here, value)
        policies.was_changed(before, row, by=work.by)
        return Put()

    def remove(self, work: Work, name: str) -> None:
        """Delete a policy."""
        rows = ApprovalPolicy.objects.select_related("legal_entity")
        row = next(each for each in rows if self.name_of(named(each, "name")) == name)

        def act() -> None:
            work.delete(row, row.legal_entity, {"name": row.name})
            policies.was_changed(row, None, by=work.by)

        work.removal(self.one, name, act)


def _policy(row: ApprovalPolicy) -> Data:
    amount = None if row.amount_from is None else f"{row.amount_from:.2f}"
    lists = {name: list(getattr(row, name)) for name in LISTS}
    return named(row, "name") | lists | {
        "in_use": row.is_on, "unknown_too": row.unknown_too, "amount_from": amount,
    }  # fmt: skip
