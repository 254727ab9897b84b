"""Records of which a person has told the source by hand: rows of the outbox of what goes back, at their end already.

They wait for the source's answer like what a program sends: a newer version of the record that stands somewhere.
"""

import datetime as dt
from collections.abc import Sequence

from django.db import connection as database
from django.db import transaction

from governance import calendars
from governance.actor import By, as_actor
from governance.identifiers import new_id
from governance.rights import Right, require
from routes import sending_back
from routes.bulk import array
from routes.models import Failure, Route, SendingBack
from routes.models import SendingBackState as State
from routes.sending_back import NotToSendBack

STANDS = """
SELECT r.id, r.legal_entity_id, r.key, r.version, h.version > r.version,
    (SELECT s.made_by_name FROM routes_sendingback s WHERE s.record_id = r.id AND s.state <> 'refused' LIMIT 1)
FROM routes_record r LEFT JOIN routes_sourcehead h ON h.route_id = r.route_id AND h.key = r.key
WHERE r.id = ANY(%s::uuid[]) ORDER BY r.id
"""


@transaction.atomic
def keep(
    failures: Sequence[Failure], *, by: By, reason: str, told_to: str, told_on: dt.date, reference: str = ""
) -> list[SendingBack]:
    """Write down that somebody at the source of one route was told of the records of failures; return the rows.

    All or none. Raises NotAllowed, ValueError without a reason or a person, and NotToSendBack: where the source takes
    records back from a program, for a day to come, and for versions that were told of, or replaced, already.
    """
    reason, told_to = reason.strip(), " ".join(told_to.split())
    if not reason or not told_to:
        raise ValueError("Say who was told, and what.")
    for entity in {each.legal_entity_id for each in failures}:
        require(by, Right.RETURN, entity)
    route = Route.objects.select_related("connection").get(pk=failures[0].route_id)
    if sending_back.way_of(route)[0] is not None:
        raise NotToSendBack(f"{route.connection} takes records back from the hub. Send it back instead.")
    by_record = {each.record_id: each for each in failures if each.record_id}
    with database.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
        cursor.execute(STANDS, [array(by_record)])
        found = cursor.fetchall()
    if told_on > calendars.today({entity for _, entity, *_ in found}, now):
        raise NotToSendBack(f"{told_on} is a day to come. Say when it was told.")
    for _, _, key, _, overtaken, before in found:
        if before:
            raise NotToSendBack(f"{before} has sent {key} back already. Wait for its newer version.")
        if overtaken:
            raise NotToSendBack(f"A newer version of {key} has come meanwhile. Load the page again.")
    actor = as_actor(by)
    rows = [
        SendingBack(
            id=new_id(), legal_entity_id=entity, route=route, connection_id=route.connection_id, record_id=id_, key=key,
            version=version, failure_id=by_record[id_].pk, reason=reason, made_by=actor.reference,
            made_by_name=actor.name[:200], made_at=now, state=State.CONFIRMED, reference=reference.strip()[:120],
            ended_at=now, told=True, told_to=told_to[:200], told_on=told_on,
        )
        for id_, entity, key, version, _, _ in found
    ]  # fmt: skip
    sending_back.write_down(rows, verb="tell source", by=by)
    return rows
