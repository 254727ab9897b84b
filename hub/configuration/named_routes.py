"""The routes that a file names in a list: by slug, as not seen by its writer, or as one that was deleted since."""

from collections.abc import Collection, Sequence

from governance.actor import By
from hub.configuration.work import Work
from routes.models import Route
from routes.outbound import gone
from routes.route_fields import NOT_NAMED


def told(by: By) -> dict[int, str]:
    """Return how routes are written for somebody, by id: those of companies that they do not see by no name."""
    routes = dict.fromkeys(Route.objects.values_list("pk", flat=True), NOT_NAMED)
    return routes | dict(Route.objects.visible_to(by).values_list("pk", "slug"))


def read(work: Work, slugs: Sequence[str], stand: Collection[int]) -> list[int]:
    """Return the ids of what a list says of routes; what is none is told. `stand`: the ids that stand there now.

    Routes that the writer does not see stay where the list says so, and so does one that was deleted: it means
    nothing any more, and without it a list that names no other would mean every route.
    """
    found: list[int] = []
    lost = gone.among(Route, stand)
    seen = Route.objects.visible_to(work.by)
    for number, slug in enumerate(slugs):
        if slug == NOT_NAMED:
            unseen = Route.objects.filter(pk__in=stand).exclude(pk__in=seen.values("pk"))
            found += unseen.values_list("pk", flat=True)
        elif (kept := gone.read(slug, lost)) is not None:
            found.append(kept)
        else:
            row = work.named("routes", slug, seen.filter(slug=slug), ("routes", number), "route")
            found += [row.pk] if row else []
    return found
