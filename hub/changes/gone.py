"""Brings back what a draft refers to and is not there any more, so that its form can be shown; all of it is undone.

What has another short name by now is found under that. A connection that was removed stands in the form as it was last;
where a route would take up what is not there, that is left to be chosen anew.
"""

from uuid import uuid4

from django.db import models

from connectors.models import Connection
from governance.models import AuditEntry
from governance.row_numbers import number_in
from hub.configuration.form import Data
from hub.configuration.mistakes import Mistake
from routes.models import Destination, Route
from routes.unseen import Unseen

THEIRS = "What stood here of another company is there no more."
CHOOSE = "Choose another below, or make it again under that name."
FROM_THERE = ("upstream", "stream", "mapping", "group_by")  # fields that say what a route takes up


def brought_back(kind: str, content: Data, unseen: Unseen) -> tuple[Data, list[Mistake]]:
    """Return a document as it can be put into the rows for its form, and what it refers to that is gone, in words; what
    is `unseen` is not named.
    """
    if kind != "route" or not content:
        return content, []
    wrong: list[Mistake] = []
    made = {**content, "destinations": [_connected(each, wrong, unseen) for each in content.get("destinations", [])]}
    if "destinations" not in content:
        del made["destinations"]
    return _taken_up(_connected(made, wrong, unseen), wrong, unseen), list(dict.fromkeys(wrong))


def renamed(content: Data) -> Data:
    """Return a route's document with the names that connections and routes which it refers to have by now."""
    made = _called_now(content)
    if "destinations" in content:
        made["destinations"] = [_called_now(each) for each in content["destinations"]]
    named = content.get("upstream")
    now = _route_now(named.get("route", "")) if named else None
    if named and now is not None:
        made["upstream"] = {**named, "route": now.slug}
    return made


def put_aside(kind: str, name: str) -> None:
    """Give what bears a name another one for that long, so that a draft can be shown beside it."""
    model: type[models.Model] = Connection if kind == "connection" else Route
    model._default_manager.filter(slug=name).update(slug=f"aside-{uuid4().hex[:32]}")


def _called_now(place: Data) -> Data:
    slug = place.get("connection")
    if not slug or Connection.objects.filter(slug=slug).exists():
        return {**place}
    last = Connection.history.filter(slug=slug).order_by("-history_date").first()
    now = Connection.objects.filter(pk=last.id).first() if last is not None else None
    return {**place, "connection": now.slug} if now is not None else {**place}


def _route_now(slug: str) -> Route | None:
    """Return the route that had a short name last, where it has another one by now."""
    if not slug or Route.objects.filter(slug=slug).exists():
        return None
    entries = AuditEntry.objects.filter(thing_kind="routes.route", before__slug=slug).order_by("-at")
    number = number_in(entries.values_list("thing_id", flat=True).first())
    return None if number is None else Route.objects.filter(pk=number).first()


def _connected(place: Data, wrong: list[Mistake], unseen: Unseen) -> Data:
    """Return a route's or destination's part with a connection that is there."""
    slug = place.get("connection")
    if not slug or Connection.objects.filter(slug=slug).exists():
        return place
    last = Connection.history.filter(slug=slug).order_by("-history_date").first()
    if last is None:
        return place
    now = Connection.objects.filter(pk=last.id).first()
    if now is not None:
        return {**place, "connection": now.slug}
    Connection.objects.bulk_create([last.instance])
    words = THEIRS if unseen.hides("connection", slug) else f"There is no connection {slug} any more."
    wrong.append(Mistake("", 0, "", words, CHOOSE))
    return place


def _taken_up(content: Data, wrong: list[Mistake], unseen: Unseen) -> Data:
    """Return a route's document with a destination to take up from that is there."""
    named = content.get("upstream")
    if not named:
        return content
    ends = Destination.objects.filter(name=named.get("destination", ""))
    slug = named.get("route", "")
    if ends.filter(route__slug=slug).exists():
        return content
    now = _route_now(slug)
    if now is not None and ends.filter(route=now).exists():
        return {**content, "upstream": {**named, "route": now.slug}}
    words = (
        f"There is no destination {named.get('destination', '')} of a route {slug} any more, from which it takes up."
    )
    words = THEIRS if unseen.hides("route", slug) else words
    wrong.append(Mistake("", 0, "", words, "Choose below from where, and what else depends on that."))
    return {name: each for name, each in content.items() if name not in FROM_THERE}
