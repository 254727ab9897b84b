"""The firm's two connections, to the simulated Harvest and NetSuite, with the credentials that these give away."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

from connectors.models import Connection
from connectors.models.connection import Environment
from governance import audit
from governance.models import LegalEntity, User
from governance.rights import Right, require
from hub.demonstration.firm import Facts

CONTACT = "integration@halden-partner.example"
AT_ONCE = 12  # requests; NetSuite's account has 15 for everybody


def connect(firm: Facts, *, harvest: str, netsuite: str, owner: LegalEntity, by: User) -> tuple[Connection, Connection]:
    """Make the two connections, or lead them to the addresses at which the systems are now."""
    known = firm["connections"]["harvest"]
    time_tool = _connection(
        "harvest",
        "Harvest of Halden & Partner",
        owner,
        answers={"account": str(known["account_id"]), "contact": CONTACT, **addresses("harvest", harvest)},
        secrets={"token": known["token"]},
        auth="token",
        by=by,
    )
    keys = _credentials(netsuite)
    erp = _connection(
        "netsuite",
        "NetSuite of Halden & Partner",
        owner,
        answers={
            "account": keys["account"],
            "client_id": keys["client_id"],
            "certificate": keys["certificate_id"],
            **addresses("netsuite", netsuite),
        },
        secrets={"private_key": keys["private_key"]},
        auth="certificate",
        by=by,
    )
    return time_tool, erp


def addresses(system: str, url: str) -> dict[str, str]:
    """Return the answers of a connection that say where the simulated system is."""
    return {"address": f"{url}/v2", "identity": url} if system == "harvest" else {"address": url}


def follow(where: Mapping[str, str]) -> list[str]:
    """Lead the demonstration's connections to the ports of this start; return the names of those that moved."""
    moved = []
    for row in Connection.objects.filter(slug__in=list(where), environment=Environment.SANDBOX):
        now = {**row.answers, **addresses(row.slug, where[row.slug])}
        if now != row.answers:
            row.answers = now
            row.save(update_fields=["answers"])
            moved.append(row.name)
    return moved


def _connection(
    slug: str,
    name: str,
    owner: LegalEntity,
    *,
    answers: dict[str, str],
    secrets: dict[str, str],
    auth: str,
    by: User,
) -> Connection:
    require(by, Right.EDIT_CONFIGURATION, owner)
    row = Connection.objects.filter(slug=slug).first()
    if row is not None:
        row.answers, row.secrets = answers, secrets
        row.save(update_fields=["answers", "secrets"])
        return row
    row = Connection(
        slug=slug,
        name=name,
        connector=slug,
        environment=Environment.SANDBOX,
        legal_entity=owner,
        auth=auth,
        answers=answers,
        concurrency=AT_ONCE,
    )
    row.secrets = secrets
    row.full_clean()
    row.save()
    audit.record(by=by, verb="create", thing=row, after={"connector": slug, "answers": answers}, legal_entity=owner)
    return row


def _credentials(netsuite: str) -> dict[str, Any]:
    """Return what an administrator would copy from NetSuite's screens; asked without the environment's proxies."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{netsuite}/_sandbox/credentials", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found
