"""Making, changing and ending subscriptions. Each asks the right to edit configuration where the events come from."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from governance import audit, taken
from governance.actor import By, as_actor
from governance.encrypted import Secrets
from governance.rights import Right, require
from governance.still_there import held
from routes.models import Destination, Route, Subscription
from routes.outbound import disabling, gone, signing, steering, tap, wishes
from routes.outbound.wishes import Wishes

STAYS = "A subscription stays with its company: what it was told is seen there. Make another one for the other company."
GONE = "one that was deleted"


@transaction.atomic
def subscribe(wanted: Wishes, *, by: By, secret: str = "") -> tuple[Subscription, str]:
    """Make a subscription; return it and its secret, which is shown this once and never again.

    `secret`: one that its subscriber knows already; "": a new one is made.
    It is told what happens from now on. Raises NotAllowed, and ValidationError with every problem at its field.
    """
    require(by, Right.EDIT_CONFIGURATION, wanted.legal_entity)
    wishes.check(wanted, by=by)
    secret = secret or signing.new_secret()
    made = Subscription(**wanted.fields(), created_by=as_actor(by).reference)
    made.secrets = Secrets(signing.kept(secret))
    _save(made, by, insert=True)
    tap.open_up()
    audit.record(by=by, verb="subscribe", thing=made, after=_told(made), legal_entity=made.legal_entity)
    return made, secret


@transaction.atomic
def change(subscription: Subscription, wanted: Wishes, *, by: By) -> Subscription:
    """Change what a subscription hears of, or where; what is queued for it already still goes, to the new address.

    Its legal entity stays: events of one company would be seen in another. So do routes and destinations among its
    filters that the person does not see; what was deleted since stays where it is wanted still.

    Returns it as it is now. Raises NotAllowed, Gone, and ValidationError with every problem at its field.
    """
    row = held(Subscription.objects.select_related("legal_entity"), subscription)
    require(by, Right.EDIT_CONFIGURATION, row.legal_entity)
    require(by, Right.EDIT_CONFIGURATION, wanted.legal_entity)
    wishes.check(wanted, by=by, row=row)
    if wanted.legal_entity != row.legal_entity:
        raise ValidationError({"legal_entity": [STAYS]})
    before, address = _told(row), row.address
    routes, places = wishes.that_stay(row, by)
    for name, value in wanted.fields().items():
        setattr(row, name, value)
    row.routes, row.destinations = sorted({*row.routes, *routes}), sorted({*row.destinations, *places})
    _save(row, by)
    audit.record(by=by, verb="change", thing=row, before=before, after=_told(row), legal_entity=row.legal_entity)
    if row.address != address:
        steering.begin_anew(row)  # what the old one asked for, or did not answer, says nothing of the new one
    return row


@transaction.atomic
def end(subscription: Subscription, *, reason: str, by: By) -> None:
    """End a subscription; what was queued for it goes with it. Raises NotAllowed, and Gone where it is ended."""
    require(by, Right.EDIT_CONFIGURATION, subscription.legal_entity)
    row = held(Subscription.objects.select_related("legal_entity"), subscription, whole=True)
    lost = row.deliveries.filter(done_at=None).count()
    before = _told(row) | {"not sent": lost}
    audit.record(
        by=by, verb="end", thing=row, before=before, reason=reason.strip(), legal_entity=row.legal_entity
    )  # fmt: skip
    disabling.close(row, how="ended")
    row.delete()


def _save(row: Subscription, by: By, *, insert: bool = False) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=insert)
    except IntegrityError as error:
        others = Subscription.objects.filter(name=row.name).exclude(pk=row.pk)
        if others.exists():
            raise ValidationError({"name": [taken.words(others, "name", by=by)]}) from error
        raise


def _told(row: Subscription) -> dict[str, object]:
    """Return what the audit entry says of a subscription, with names as they are now: never its secrets."""
    routes = Route.objects.filter(pk__in=row.routes).order_by("slug").values_list("slug", flat=True)
    places = Destination.objects.filter(pk__in=row.destinations).order_by("route__slug", "name")
    named = [{"route": route, "destination": name} for route, name in places.values_list("route__slug", "name")]
    named += [{"route": GONE, "destination": f"{GONE} ({each})"} for each in gone.among(Destination, row.destinations)]
    lost = [f"{GONE} ({each})" for each in gone.among(Route, row.routes)]
    company = row.legal_entity.code if row.legal_entity else "every company"
    return {
        "address": row.address, "legal entity": company, "types": row.types,
        "routes": [*routes, *lost], "destinations": named, "categories": row.categories,
    }  # fmt: skip
