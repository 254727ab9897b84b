"""Subscriptions as files: who is told of what. Routes and destinations by name; of the secret only where it lies."""

from dataclasses import replace

from django.core.exceptions import ValidationError

from governance.actor import By
from hub.configuration.companies import entity
from hub.configuration.differences import Difference
from hub.configuration.file import File
from hub.configuration.form import Data
from hub.configuration.kind import Kind, Put
from hub.configuration.references import NoSecret, reference_of, secret_at
from hub.configuration.work import REASON, Postponed, Work
from routes.models import Destination, Route, Subscription
from routes.outbound import gone, rotating, signing, subscribing, wishes
from routes.outbound.wishes import Wishes


class Subscriptions(Kind):
    """Who hears of what the hub does. A pause and what traffic moves are no configuration."""

    folder, one, key = "subscriptions", "subscription", ("name",)

    def rows(self, by: By) -> list[Data]:
        """Return what is here, with a reference for the secret."""
        found = list(Subscription.objects.visible_to(by).select_related("legal_entity").defer("secrets"))
        routes = dict(Route.objects.values_list("pk", "slug"))
        places = {
            row.pk: {"route": row.route.slug, "destination": row.name}
            for row in Destination.objects.select_related("route")
        }
        return [_subscription(row, routes, places) for row in found]

    def compared(self, here: Data, wanted: Data) -> list[Difference]:
        """Return what differs; of the secret only whether another one lies where the file says, if any does."""
        words = super().compared(
            *({name: v for name, v in each.items() if name != "secret"} for each in (here, wanted))
        )
        reference = (wanted.get("secret") or {}).get("secret", "")
        row = Subscription.objects.filter(name=here["name"]).first()
        try:
            differs = row is not None and secret_at(reference) != signing.newest(row.kept_secrets())
        except NoSecret:
            differs = False  # the one that is kept stays
        return [*words, Difference(f"secret: another one is taken from {reference}")] if differs else words

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Make or change a subscription, by the verbs of the administration."""
        value = file.value
        owner = entity(work, value.get("legal_entity"))
        row = Subscription.objects.visible_to(work.by).filter(name=file.name).select_related("legal_entity").first()
        wanted = Wishes(
            value.get("name", ""), value.get("address", ""), owner, tuple(value.get("types", ())),
            tuple(self._routes(work, value, row)), tuple(self._destinations(work, value, row)),
            tuple(value.get("categories", ())),
        )  # fmt: skip
        secret = self._secret(work, file, row)
        try:
            wishes.check(wanted, by=work.by, row=row)
        except ValidationError as errors:
            work.say_all(errors, {})
        if work.is_faulty:
            return Put()
        work.require_as_found(here, row or Subscription())
        if row is None:
            subscribing.subscribe(wanted, by=work.by, secret=secret)
            return Put()
        if any(getattr(row, name) != each for name, each in _with_what_stays(wanted, row, work.by).fields().items()):
            row = subscribing.change(row, wanted, by=work.by)
        if secret and secret != signing.newest(row.kept_secrets()):
            rotating.rotate(row, by=work.by, secret=secret)
        return Put()

    def _routes(self, work: Work, value: Data, row: Subscription | None) -> list[int]:
        found, lost = [], gone.among(Route, row.routes) if row else []
        stays = wishes.that_stay(row, work.by)[0] if row else []
        unseen = set(Route.objects.filter(pk__in=stays).values_list("slug", flat=True))
        for number, slug in enumerate(value.get("routes", ())):
            if slug in unseen:
                continue
            if (kept := gone.read(slug, lost)) is not None:
                found.append(kept)
                continue
            self._wait(work, slug)
            rows = Route.objects.visible_to(work.by).filter(slug=slug)
            one = work.named("routes", slug, rows, ("routes", number), "route")
            found += [one.pk] if one else []
        return found

    def _destinations(self, work: Work, value: Data, row: Subscription | None) -> list[int]:
        found, lost = [], gone.among(Destination, row.destinations) if row else []
        stays = wishes.that_stay(row, work.by)[1] if row else []
        unseen = set(Destination.objects.filter(pk__in=stays).values_list("route__slug", "name"))
        for number, each in enumerate(value.get("destinations", ())):
            slug, name = each.get("route", ""), each.get("destination", "")
            if (slug, name) in unseen:
                continue
            if slug == name and (kept := gone.read(slug, lost)) is not None:
                found.append(kept)
                continue
            self._wait(work, slug)
            rows = Destination.objects.visible_to(work.by).filter(route__slug=slug, name=name)
            words = f"destination “{name}” of the route"
            one = work.named("routes", slug, rows, ("destinations", number), words)
            found += [one.pk] if one else []
        return found

    def _wait(self, work: Work, slug: str) -> None:
        if why := work.waiting.get(("routes", slug)):
            raise Postponed(f"waits for the route {slug}, which {why}")

    def _secret(self, work: Work, file: File, row: Subscription | None) -> str:
        """Return the secret that lies where the file says; "" where none does and one is kept, else a mistake."""
        place = ("secret", "secret")
        try:
            found = secret_at((file.value.get("secret") or {}).get("secret", ""))
        except NoSecret as error:
            if row is None:
                work.say(place, str(error), error.remedy)
            return ""
        if not signing.is_secret(found):
            work.say(place, "what lies there is no secret of Standard Webhooks.", signing.FORM)
        return found

    def remove(self, work: Work, name: str) -> None:
        """End a subscription."""
        row = Subscription.objects.select_related("legal_entity").get(name=name)
        work.removal(self.one, name, lambda: subscribing.end(row, reason=REASON, by=work.by))


def _with_what_stays(wanted: Wishes, row: Subscription, by: By) -> Wishes:
    """Return what comes of the wishes: what stands there and the person does not see stays by itself."""
    routes, places = wishes.that_stay(row, by)
    return replace(wanted, routes=(*wanted.routes, *routes), destinations=(*wanted.destinations, *places))


def _subscription(row: Subscription, routes: dict[int, str], places: dict[int, Data]) -> Data:
    return {
        "name": row.name, "address": row.address, "types": list(row.types), "categories": list(row.categories),
        "legal_entity": row.legal_entity.code if row.legal_entity else None,
        "routes": [routes.get(each, gone.written(each)) for each in row.routes],
        "destinations": [
            places.get(each, dict.fromkeys(("route", "destination"), gone.written(each))) for each in row.destinations
        ],
        "secret": {"secret": reference_of("subscription", f"{row.name}_secret")},
    }  # fmt: skip
