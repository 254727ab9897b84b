"""Entering anew what a connection signs in with, once it was refused: secrets, and what belongs to that way to sign in.

Where it goes is not changed here, nor how it signs in: those are edits of the connection.
"""

from collections.abc import Mapping

from django.db import transaction

from connectors import trying
from connectors.kept_secrets import ENTER_AGAIN, Stored, put_secrets
from connectors.manifest.model import Manifest, Question
from connectors.models import Connection
from connectors.registry import registry
from governance import audit, second_person
from governance.actor import By
from governance.rights import Right, require
from governance.still_there import gone, held

ONCE = "oauth2_refresh"  # a token that works once is not tried, it would be lost by that


class NotRenewed(ValueError):  # reads as what happened
    """Nothing was changed. `problems` says what is wrong by the question's name, "" for what is of none of them."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


def questions(connection: Connection) -> list[Question]:
    """Return what the connection's way to sign in asks; none where its connector is gone."""
    known = registry.connectors.get(connection.connector)
    if known is None:
        return []
    way = known.manifest.auth_named(connection.auth).name
    return [each for each in known.manifest.questions if each.asked_for(way) and (each.secret or each.auth)]


def renew(connection: Connection, *, by: By, typed: Mapping[str, str], reason: str = "") -> str:
    """Keep other answers to `questions`, by name, once the system has accepted them; what is left out stays.

    Return what the system said. The audit trail names which were entered, never a secret. Raises NotAllowed,
    second_person.NeedsSecondPerson, Gone, and NotRenewed with what is wrong or what the system says against it.
    """
    row = Connection.objects.select_related("legal_entity").filter(pk=connection.pk).first()
    if row is None:
        raise gone(connection)
    require(by, Right.EDIT_CONFIGURATION, row.legal_entity)
    second_person.require_agreed(by, row.companies_concerned(), thing=row.name)
    asked = {each.name: each for each in questions(row)}
    given = {name: text for name, text in typed.items() if name in asked and text}
    if not any(asked[name].secret or str(row.answers.get(name, "")) != text for name, text in given.items()):
        raise NotRenewed({"": "Nothing was entered that differs from before. Enter what is new."})
    manifest = registry.connector(row.connector).manifest
    _put(row, manifest, given)
    said = _tried(row, manifest, by)
    with transaction.atomic():
        kept = held(Connection.objects.select_related("legal_entity"), row)
        second_person.require_agreed(by, kept.companies_concerned(), thing=kept.name)
        before = {name: kept.answers.get(name, "") for name in given if not asked[name].secret}
        _put(kept, manifest, given)
        kept.save()
        audit.record(
            by=by, verb="renew_sign_in", thing=kept, before=before,
            after={name: "•••" if asked[name].secret else text for name, text in given.items()}, reason=reason.strip(),
            legal_entity=kept.legal_entity,
        )  # fmt: skip
    return said


def _put(row: Connection, manifest: Manifest, given: Mapping[str, str]) -> None:
    """Put what was typed into a connection. Raises NotRenewed with everything that is wrong."""
    stored = Stored.of(row)
    secret = {each.name for each in manifest.questions if each.secret}
    row.answers = {**row.answers, **{name: text for name, text in given.items() if name not in secret}}
    again = put_secrets(row, stored, {name: text for name, text in given.items() if name in secret})
    wrong = {name: " ".join(words) for name, words in row.answer_problems(manifest).items()}
    wrong |= dict.fromkeys(again, ENTER_AGAIN)
    if wrong:
        raise NotRenewed(wrong)


def _tried(row: Connection, manifest: Manifest, by: By) -> str:
    """Ask the system whether it takes them; return what it says. Raises NotRenewed when it does not."""
    if manifest.auth_named(row.auth).kind == ONCE:
        return "It is kept, and tried with the next request."
    report = trying.try_typed(row, by=by)
    if not report.ok:
        said = " ".join(filter(None, (report.message, report.remedy)))
        raise NotRenewed({"": f"{said} Nothing was changed; enter it again."})
    return report.message
