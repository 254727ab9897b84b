"""Connections as files: the account, its pace and its windows; of secrets only where they lie."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError

from connectors.kept_secrets import ENTER_AGAIN, Stored, put_secrets
from connectors.manifest import Manifest
from connectors.models import Connection, MaintenanceWindow
from connectors.registry import UnknownConnector, registry
from governance.actor import By
from hub.configuration import form
from hub.configuration.companies import WEEKDAYS, entity, read_time
from hub.configuration.differences import Difference
from hub.configuration.file import File
from hub.configuration.form import Data, written_time
from hub.configuration.kind import Kind, Put
from hub.configuration.mistakes import Place
from hub.configuration.references import NoSecret, reference_of, secret_at
from hub.configuration.work import Work

PLAIN = (
    "slug", "name", "connector", "environment", "auth", "concurrency", "timeout_seconds", "requests_allowed",
    "period_seconds",
)  # fmt: skip
USUAL = {"environment": "production", "auth": "", "concurrency": 8}
HIDDEN = "•••"


class Connections(Kind):
    """Accounts at systems. A pause and what traffic moves are no configuration."""

    folder, one, key = "connections", "connection", ("slug",)

    def rows(self, by: By) -> list[Data]:
        """Return what is here, with a reference for each secret that is kept."""
        found = Connection.objects.visible_to(by).select_related("legal_entity").prefetch_related("windows")
        return [_connection(row) for row in found]

    def compared(self, here: Data, wanted: Data) -> list[Difference]:
        """Return what differs; of secrets only whether another one lies where the file says, if any does."""
        manifest = manifest_of(wanted.get("connector", ""))
        words = super().compared(*(without_secrets(each, manifest) for each in (here, wanted)))
        row = Connection.objects.filter(slug=here["slug"]).first()
        kept = row.kept_secrets() if row is not None else {}
        for name, reference in wanted.get("secrets", {}).items():
            try:
                differs = secret_at(reference.get("secret", "")) != kept.get(name)
            except NoSecret:
                differs = name not in here.get("secrets", {})
            if differs:
                words.append(Difference(f"secrets, {name}: another one is taken from {reference.get('secret')}"))
        return words

    def put(self, work: Work, file: File, here: Data | None) -> Put:
        """Make or change a connection, with all of its windows."""
        value = file.value
        row = Connection.objects.visible_to(work.by).filter(slug=value.get("slug")).first() or Connection()
        owners, stored = [row.legal_entity] if row.pk else [], Stored.of(row)
        for name in PLAIN:
            if (name,) not in file.spoilt:  # what stands there has a mistake told, and something else rests on it
                setattr(row, name, value.get(name, USUAL.get(name)))
        owner = entity(work, value.get("legal_entity"))
        if owner is not None:
            row.legal_entity = owner
        manifest = manifest_of(row.connector or "")
        row.answers = {name: each for name, each in value.get("answers", {}).items() if each not in ("", None)}
        unread = self._secrets(work, row, file, manifest, stored)
        self._judge(work, row, manifest, unread, owner)
        work.save(row, [*owners, row.legal_entity] if owner else owners, here, form.canonical(self.folder, value))
        self._windows(work, row, value.get("windows", []))
        return Put()

    def _secrets(self, work: Work, row: Connection, file: File, manifest: Manifest | None, stored: Stored) -> set[str]:
        """Put the secrets into the row, and return those that nothing is known of, with a mistake told."""
        given: Data = {}
        absent: dict[str, NoSecret] = {}
        for name, reference in file.value.get("secrets", {}).items():
            if manifest is not None and not any(q.name == name and q.secret for q in manifest.questions):
                names = ", ".join(q.name for q in manifest.questions if q.secret) or "there is none"
                work.say(("secrets", name), f"{manifest.title} asks for no such secret.", f"Secrets: {names}.")
                continue
            try:
                given[name] = file.secret(name, reference.get("secret", ""))
            except NoSecret as error:
                absent[name] = error
        again = put_secrets(row, stored, given)
        if manifest is not None:  # else nobody knows which address it had, and that is what is told
            for name in again:
                work.say(("secrets", name), ENTER_AGAIN)
        unread = {name for name in absent if name not in again and name not in row.kept_secrets()}
        for name in sorted(unread):
            work.say(("secrets", name, "secret"), str(absent[name]), absent[name].remedy)
        return unread | set(again)

    def _judge(self, work: Work, row: Connection, manifest: Manifest | None, unread: set[str], owner: Any) -> None:
        """Tell everything that is wrong with a connection, questions by their names."""
        row.asked_by = work.by
        try:
            row.full_clean(exclude=None if owner else ["legal_entity"])
        except ValidationError as errors:
            left = {
                name: found for name, found in errors.error_dict.items()
                if manifest is None or name not in ("answers", "secrets")
            }  # fmt: skip
            work.say_all(ValidationError(left), {})
        if manifest is None:
            return
        for name, (fault, remedy) in misplaced(manifest, row.answers).items():
            work.say(("answers", name), fault, remedy)
        asked = {question.name: question for question in manifest.questions}
        for name, words in row.answer_problems(manifest).items():
            if name not in unread:
                side = "secrets" if asked[name].secret else "answers"
                work.say((side, name), f"{asked[name].title}: {' '.join(words)}")

    def _windows(self, work: Work, row: Connection, given: list[Data]) -> None:
        """Put the file's windows in the place of those that are here, where they differ."""
        if [_window(each) for each in row.windows.all()] == given:
            return
        row.windows.all().delete()
        for number, each in enumerate(given):
            place: Place = ("windows", number)
            window = MaintenanceWindow(connection=row, reason=each.get("reason", ""), minutes=each.get("minutes"))
            window.starts_at, window.ends_at = (
                _moment(work, each.get(n), (*place, n)) for n in ("starts_at", "ends_at")
            )
            window.weekday = WEEKDAYS.index(each["weekday"]) if "weekday" in each else None
            window.from_time, window.time_zone = read_time(each.get("from_time")), each.get("time_zone", "UTC")
            before = len(work.mistakes)
            work.judge(window, {}, place)
            if len(work.mistakes) == before:
                window.save()

    def remove(self, work: Work, name: str) -> None:
        """Delete a connection that no route uses."""
        row = Connection.objects.select_related("legal_entity").get(slug=name)
        work.removal(self.one, name, lambda: work.delete(row, row.legal_entity, {"slug": name, "name": row.name}))


def _connection(row: Connection) -> Data:
    manifest = manifest_of(row.connector)
    asked = {q.name for q in manifest.questions if not q.secret} if manifest is not None else row.answers.keys()
    return {name: getattr(row, name) for name in PLAIN} | {
        "legal_entity": row.legal_entity.code,
        "answers": {name: str(each) for name, each in row.answers.items() if name in asked},
        "secrets": {name: {"secret": reference_of(row.slug, name)} for name in _secret_names(row)},
        "windows": [_window(each) for each in row.windows.all()],
    }


def _secret_names(row: Connection) -> list[str]:
    """Return which secrets are kept; all that the connector asks for where their key is lost."""
    kept = row.kept_secrets()
    if kept:
        return sorted(name for name, each in kept.items() if each)
    manifest, auth = manifest_of(row.connector), row.auth
    if manifest is None or not getattr(row.secrets, "sealed", ""):
        return []
    way = manifest.auth_named(auth).name
    return sorted(each.name for each in manifest.questions if each.secret and each.asked_for(way))


def _window(row: MaintenanceWindow) -> Data:
    ends = {name: getattr(row, name).isoformat() for name in ("starts_at", "ends_at") if getattr(row, name)}
    weekly: Data = {}
    if row.weekday is not None and row.from_time is not None:
        weekly = {"weekday": WEEKDAYS[row.weekday], "from_time": written_time(row.from_time), "minutes": row.minutes}
        weekly["time_zone"] = row.time_zone
    return {"reason": row.reason, **ends, **weekly}


def _moment(work: Work, text: object, place: Place) -> datetime | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        given = datetime.fromisoformat(text)
        found = given.astimezone(UTC) if given.tzinfo else None
    except (ValueError, OverflowError):  # the database keeps what lies just outside of the calendar, and never reads it
        found = None
    if found is None:
        work.say(place, f"“{text[:40]}” is no moment with its offset.", "Write it as 2026-04-01T22:00:00+00:00.")
        return None
    return found


def misplaced(manifest: Manifest, answers: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return what is wrong with answers that stand where none of the connector's may, and the remedy, by name."""
    found: dict[str, tuple[str, str]] = {}
    asked = {question.name: question for question in manifest.questions}
    for name in answers:
        if name not in asked:
            names = ", ".join(each.name for each in asked.values() if not each.secret)
            found[name] = f"{manifest.title} asks no such question.", f"Questions: {names}."
        elif asked[name].secret:
            remedy = f'Write it under secrets: {name}: {{secret: "env:NAME"}}; replace the secret if it was real.'
            found[name] = "this answer is a secret and does not stand in a file.", remedy
    return found


def manifest_of(connector: str) -> Manifest | None:
    """Return the manifest of a connector; None where it is not installed."""
    try:
        return registry.connector(connector).manifest
    except UnknownConnector:
        return None


def without_secrets(data: Data, manifest: Manifest | None) -> Data:
    """Return a document as differences may show it: no secrets, and no answer that is or might be one."""
    plain = {q.name for q in manifest.questions if not q.secret} if manifest is not None else set()
    answers = {name: each if name in plain else HIDDEN for name, each in data.get("answers", {}).items()}
    return {name: each for name, each in data.items() if name != "secrets"} | {"answers": answers}
