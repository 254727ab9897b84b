"""When telling meets something unforeseen: a person hears of it once, and no more once it has passed."""

from django.db import connection

from routes import failures, unforeseen
from routes.models import Route

STAGE = "tell"
WAITS = "what happened is kept and told in order once this is mended; it is tried again by itself."


def tell_person(error: Exception) -> None:
    """Write down that nothing is told at the moment, in the caller's commit; it belongs to the first route there is."""
    route = Route.objects.order_by("pk").first()
    if route is None:
        return
    trouble = failures.Trouble(route.legal_entity_id, route.pk, STAGE, unforeseen.problem(error, WAITS))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE routes_tap SET stuck = true WHERE id = 1 RETURNING (SELECT hub_now())")
        found = cursor.fetchone()
    if found is not None:
        failures.write_down_once(trouble, at=found[0])


def passed() -> None:
    """Close what told people so, in the caller's commit."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE routes_tap SET stuck = false WHERE id = 1")
        cursor.execute(
            "UPDATE routes_failure SET closed_at = (SELECT hub_now()), closed_how = 'auto:retry_succeeded',"
            " taken = false WHERE closed_at IS NULL AND stage = %s AND record_id IS NULL AND transaction_id IS NULL",
            [STAGE],
        )
