"""Configuration in the API: the documents of `config export`, one for each thing, judged and kept by the same kinds.

Two things differ from the files. A secret is sent itself and never told again, where a file says where it lies: what
the hub's own disk and environment hold is no caller's business. And what has doors of its own is left out (rows of
tables).
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from jsonschema import ValidationError

from connectors.manifest.source import Source
from governance.actor import By
from governance.api.refusals import INVALID_BODY, NOT_POSSIBLE, FieldError, Refused, not_there
from governance.models import LegalEntity, User
from hub.configuration import form, naming
from hub.configuration.alone import lock
from hub.configuration.file import File
from hub.configuration.form import Data, Schema
from hub.configuration.kind import Kind
from hub.configuration.mistakes import Mistake, Place
from hub.configuration.references import NoSecret
from hub.configuration.work import Work
from routes import unseen
from routes.models import Route
from routes.unseen import Unseen

NAMING = "routes"  # the only kind whose documents name things of others
REASON = "sent through the API"
SENT = "sent with the request"
SECRET = {
    "type": "object", "description": "Secret answers by question. Never told; one that is left out stays as it is.",
    "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 20_000},
}  # fmt: skip


class Document(File):
    """What a caller sends about one thing; places of mistakes are JSON Pointers."""

    secrets: Mapping[str, str] = {}

    def mistake(self, place: Place, message: str, remedy: str = "") -> Mistake:
        """Return a mistake at a place of this document."""
        return Mistake(self.place, 0, _pointer(place), message, remedy)

    def missing(self, kind: str, one: str, name: object) -> tuple[str, str]:
        """Return what is said where the document refers to something that is not there, and the way on."""
        return f"there is no {one} {name}.", "Correct the name, or make it first."

    def secret(self, name: str, reference: str) -> str:
        """Return the secret that was sent. Raises NoSecret for one that was not, which stays as it is."""
        if name not in self.secrets:
            raise NoSecret("the secret was not sent.", "Send it.")
        return self.secrets[name]


@cache
def schema_of(folder: str, *, sent: bool) -> Schema:
    """Return the schema of a kind's documents, as they are sent or as they are told."""
    schema = deepcopy(form.schemas()[folder])
    schema["properties"].pop("rows", None)
    schema["properties"].pop("secrets", None)
    if folder == "connections" and sent:
        schema["properties"]["secrets"] = SECRET
    return schema


@cache
def _validator(folder: str) -> Any:
    return form.STRICT(schema_of(folder, sent=True))


def told(kind: Kind, by: By) -> dict[str, Data]:
    """Return what somebody sees of a kind, by name, as the API tells it."""
    schema = schema_of(kind.folder, sent=False)
    found = (form.canonical(kind.folder, each) for each in kind.bare(by))
    made = {kind.name_of(each): {n: v for n, v in each.items() if n in schema["properties"]} for each in found}
    return dict(sorted(made.items()))


class Shown:
    """Documents of a kind as somebody may read them: without the names of other companies' things."""

    def __init__(self, kind: Kind, by: By) -> None:
        self._kind, self._unseen = kind, Unseen(by)

    def of(self, document: Data) -> Data:
        """Return a document as they may read it."""
        return self._unseen.covered(document) if self._kind.folder == NAMING else document


def taken_back(kind: Kind, value: Any, stand: Iterable[Data]) -> Any:
    """Return what was sent with the names that it was shown without, as they `stand`."""
    return unseen.taken_back(value, stand) if kind.folder == NAMING and isinstance(value, dict) else value


def owner_of(kind: Kind, document: Data, by: By) -> LegalEntity | None:
    """Return the legal entity whose configuration a document is; None: that of all of them."""
    if kind.folder == "schedules":
        route = Route.objects.visible_to(by).filter(slug=document.get("route")).select_related("legal_entity").first()
        return route.legal_entity if route else None
    code = document.get("code" if kind.folder == "legal_entities" else "legal_entity")
    return LegalEntity.objects.visible_to(by).filter(code=code).first() if code else None


def read(kind: Kind, value: Any, by: User) -> Document:
    """Return a document that has the right form. Raises Refused (422) with every place that has not."""
    errors = [fault for error in _validator(kind.folder).iter_errors(value) for fault in _faults(error)]
    if isinstance(value, dict):
        errors += [
            FieldError(_pointer(place), words, remedy) for place, words, remedy in form.doubles(kind.folder, value)
        ]
    if errors:
        errors += _unknown_company(value, by)  # else it is told with all that the document means
        raise Refused(INVALID_BODY, f"{errors[0].pointer or 'The body'}: {errors[0].detail}", errors=errors)
    made = Document(kind.folder, "", {**value}, Source(value, [], {}), kind.name_of(value))
    made.secrets = made.value.pop("secrets", {})
    return made


def put(kind: Kind, document: Document, here: Data | None, by: User) -> None:
    """Put a document in force, within the caller's transaction. Raises Refused (409, 422) with every mistake."""
    lock()
    if kind.folder == "connections":
        kept = {name: reference for each in kind.rows(by) if kind.name_of(each) == document.name
                for name, reference in each["secrets"].items()}  # fmt: skip
        here = None if here is None else {**here, "secrets": kept}  # so that the audit entry says what was sent anew
        document.value["secrets"] = kept | {name: {"secret": SENT} for name in document.secrets}
    work = Work(by, prune=kind.folder != "tables", reason=REASON)  # rows of tables have doors of their own
    with work.on(document, kind.one):
        kind.put(work, document, here)
    if work.overtaken:
        raise Refused(NOT_POSSIBLE, work.mistakes[-1].message)
    refuse(kind.folder, work.mistakes)


def remove(kind: Kind, name: str, here: Data, by: User) -> None:
    """Take a thing out, within the caller's transaction. Raises Refused (404, 409)."""
    lock()
    work = Work(by, prune=True, reason=REASON)
    try:
        if why := kind.stays(name, here):
            raise Refused(NOT_POSSIBLE, f"The {kind.one} {naming.spoken(name)} stays: {why}.")
        kind.remove(work, name)
    except (ObjectDoesNotExist, StopIteration):  # the administration, which waits for nobody, has deleted it
        raise not_there(kind.one, naming.spoken(name)) from None
    refuse(kind.folder, work.mistakes)


def refuse(folder: str, mistakes: list[Mistake]) -> None:
    """Raise Refused (409, 422) with all mistakes of a document, where there are some."""
    for each in mistakes:
        if each.file:  # not in the document: something that it lacks cannot go
            raise Refused(NOT_POSSIBLE, f"{each.file}: {each.message}")
    if mistakes:
        errors = [FieldError(each.path, each.message, each.remedy or _accepted(folder, each.path)) for each in mistakes]
        first = errors[0]
        raise Refused(INVALID_BODY, f"{first.pointer or 'The body'}: {first.detail} Nothing was done.", errors=errors)


def _accepted(folder: str, pointer: str) -> str:
    """Return what the schema says of a place: of the nearest part above it that has words."""
    schema, words = schema_of(folder, sent=True), "a document as the schema of its kind describes it"
    for step in pointer.split("/")[1:]:
        others = schema.get("additionalProperties")
        inner = schema.get("properties", {}).get(step, others) if "items" not in schema else schema["items"]
        if not isinstance(inner, dict):
            break
        schema = inner
        listed = f"one of {', '.join(map(str, schema['enum']))}" if "enum" in schema else ""
        words = schema.get("description") or listed or words
    return str(words)


def _unknown_company(value: Any, by: User) -> list[FieldError]:
    code = value.get("legal_entity") if isinstance(value, dict) else None
    if not isinstance(code, str) or not code or "\0" in code:
        return []
    codes = sorted(LegalEntity.objects.visible_to(by).values_list("code", flat=True))
    if code in codes:
        return []
    return [FieldError("/legal_entity", f"there is no legal entity {code[:40]}.", f"one of {', '.join(codes)}")]


def _faults(error: ValidationError) -> list[FieldError]:
    if error.absolute_path and error.absolute_path[0] == "secrets":  # never a word of what stands there
        place = _pointer(tuple(error.absolute_path))
        return [FieldError(place, "This is no secret: a text of at most 20,000 characters.", "a text")]
    if error.absolute_path and error.absolute_path[0] == "answers":  # what stands there may be a secret, misplaced
        place = _pointer(tuple(error.absolute_path))
        return [FieldError(place, "This is no answer.", "texts by question; write numbers in quotes")]
    return [FieldError(_pointer(place), words, remedy) for place, words, remedy in form.placed(error)]


def _pointer(place: Place) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in place)
