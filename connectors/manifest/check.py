"""Finds every problem of a manifest at once: first against the JSON Schema, then what a schema cannot say."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path as FilePath
from typing import Any

import jsonschema
import re2

from connectors.manifest.check_steps import return_faults, step_faults
from connectors.manifest.links import link_faults
from connectors.manifest.problems import ManifestProblem
from connectors.manifest.source import Source
from connectors.manifest.words import remedy_of, words_of
from connectors.template import Structure, TemplateError, compile_template

SCHEMA_FILE = FilePath(__file__).resolve().parent.parent / "manifest.schema.json"
_TOKEN_KINDS = ("oauth2_client_credentials", "oauth2_refresh", "session", "override")
# Names that a template may use, by the part of the manifest it stands in.
_ROOTS_ALWAYS = {"answers", "secrets"}
_ROOTS_READ = {"cursor", "page", "window", "record"}
_ROOTS_WRITE = {"key", "external_id", "idempotency_key", "body", "items", "step"}
_ROOTS_RETURN = {"reason", "who", "key", "record"}
_TEXTS = {
    "cannot_return",
    "no_record_link",
    "masks",
    "title",
    "help",
    "where",
    "about",
    "example",
    "hint",
    "guarantee",
    "pattern",
    "location",
    "default",
    "documentation",
    "initial",
    "sample",
    "format",
}

Place = tuple[str | int, ...]


@cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema of manifests."""
    loaded: dict[str, Any] = json.loads(SCHEMA_FILE.read_text())
    return loaded


@cache
def _validator() -> jsonschema.protocols.Validator:
    return jsonschema.Draft202012Validator(schema())


def problems_in(source: Source) -> list[ManifestProblem]:
    """Return every problem of the document, sorted by line."""
    problems = [ManifestProblem(source.file, line, "", message, remedy) for line, message, remedy in source.faults]
    if source.value is None and problems:
        return problems
    if not isinstance(source.value, dict):
        return [
            ManifestProblem(
                source.file,
                1,
                "",
                "the manifest is empty or not a map.",
                "Begin with `name:`; see docs/connector-authors.md.",
            )
        ]
    problems += [_problem(source, place, message, remedy) for place, message, remedy in _schema_faults(source.value)]
    problems += [_problem(source, place, message, remedy) for place, message, remedy in _meaning_faults(source.value)]
    return sorted(set(problems))


def _problem(source: Source, place: Place, message: str, remedy: str) -> ManifestProblem:
    return ManifestProblem(source.file, source.line(place), ".".join(map(str, place)), message, remedy)


Fault = tuple[Place, str, str]


def _schema_faults(value: dict[str, Any]) -> Iterator[Fault]:
    for error in _validator().iter_errors(value):
        for leaf in _leaves(error):
            yield tuple(leaf.absolute_path), words_of(leaf), remedy_of(leaf)


def _leaves(error: jsonschema.ValidationError) -> Iterator[jsonschema.ValidationError]:
    """Follow a oneOf into the branch that the author meant (its `kind` fits), else report the choice itself."""
    if error.validator != "oneOf" or not error.context:
        yield error
        return
    branches: dict[int, list[jsonschema.ValidationError]] = {}
    for child in error.context:
        branches.setdefault(int(child.schema_path[0]), []).append(child)
    meant = [found for found in branches.values() if not any(_is_kind(child) for child in found)]
    if isinstance(error.instance, dict) and "kind" in error.instance and len(meant) == 1:
        for child in meant[0]:
            yield from _leaves(child)
    elif not (isinstance(error.instance, dict) and "kind" in error.instance and not meant):
        yield error


def _is_kind(error: jsonschema.ValidationError) -> bool:
    return bool(error.path) and error.path[-1] == "kind" and error.validator in ("const", "enum")


def _meaning_faults(value: dict[str, Any]) -> Iterator[Fault]:
    yield from _template_faults(value)
    yield from _pattern_faults(value, ())
    yield from _auth_faults(value)
    streams = value.get("streams")
    for name, stream in streams.items() if isinstance(streams, dict) else ():
        if isinstance(stream, dict):
            yield from _read_faults(("streams", name, "read"), stream)
            yield from _write_faults(("streams", name, "write"), stream)
            yield from step_faults(("streams", name, "write"), stream.get("write"))
            yield from return_faults(("streams", name), stream, value["streams"])
            yield from link_faults(("streams", name), stream)
            yield from _budget_faults(("streams", name, "budget"), stream, value)


def _template_faults(value: dict[str, Any]) -> Iterator[Fault]:
    questions = value.get("questions")
    asked = questions if isinstance(questions, dict) else {}
    secret = {name for name, item in asked.items() if isinstance(item, dict) and item.get("secret")}
    known = {"answers": set(asked) - secret, "secrets": secret}
    for place, text in _texts(value, ()):
        roots = _roots(place)
        try:
            placeholders = compile_template(text).placeholders
        except TemplateError as error:
            yield place, f"{error}.", "See 'Templates' in docs/connector-authors.md."
            continue
        for placeholder in placeholders:
            yield from _name_faults(place, placeholder.steps, roots, known)


def _name_faults(place: Place, steps: tuple[str, ...], roots: set[str], known: dict[str, set[str]]) -> Iterator[Fault]:
    root, name = steps[0], steps[1] if len(steps) > 1 else ""
    if root not in roots:
        yield place, f"{{{'.'.join(steps)}}} is not known here.", f"Here one may use {', '.join(sorted(roots))}."
    elif root in known and name not in known[root]:
        other = "secrets" if root == "answers" else "answers"
        elsewhere = (
            f"It is asked as {{{other}.{name}}}."
            if name in known[other]
            else f"Add it under questions, or use one of: {', '.join(sorted(known[root])) or 'none'}."
        )
        yield place, f"no question gives {{{root}.{name}}}.", elsewhere


def _roots(place: Place) -> set[str]:
    if place[0] == "auth":
        return _ROOTS_ALWAYS | {"token"}
    if place[0] == "webhooks":
        return _ROOTS_ALWAYS | {"body", "timestamp"}
    if len(place) > 2 and place[2] == "returns":
        return {"answers"} | _ROOTS_RETURN
    if len(place) > 2 and place[2] == "record_link":
        return {"answers", "id", "record"}
    if len(place) > 2 and place[2] == "read":
        return _ROOTS_ALWAYS | _ROOTS_READ
    if len(place) > 2 and place[2] == "write":
        return _ROOTS_ALWAYS | _ROOTS_WRITE
    return _ROOTS_ALWAYS


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """Yield every text that is a template; prose, patterns, paths and the error table are not."""
    if place and (
        place[-1] in _TEXTS or place[0] in ("errors", "questions", "exempt", "redaction", "documentation", "name")
    ):
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*place, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*place, number))
    elif isinstance(value, str):
        yield place, value


def _pattern_faults(value: Any, place: Place) -> Iterator[Fault]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _pattern_faults(item, (*place, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _pattern_faults(item, (*place, number))
    elif isinstance(value, str) and place[-1] in ("pattern", "preamble", "location"):
        yield from _one_pattern(value, place)


def _one_pattern(written: str, place: Place) -> Iterator[Fault]:
    try:
        compiled = re2.compile(written, _quiet())
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        yield (
            place,
            f"{written!r} is not an RE2 pattern: {reason}.",
            "RE2 has no look-ahead and no back-references; quote patterns with single quotes in YAML.",
        )
        return
    if place[-1] == "location" and compiled.groups != 1:
        yield place, f"the pattern has {compiled.groups} groups.", "Put exactly one pair of parentheses around the id."


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


def _auth_faults(value: dict[str, Any]) -> Iterator[Fault]:
    ways = (
        [way for way in value.get("auth") or [] if isinstance(way, dict)] if isinstance(value.get("auth"), list) else []
    )
    names = [way.get("name") for way in ways]
    for number, name in enumerate(names):
        if name in names[:number]:
            yield ("auth", number, "name"), f"{name!r} names two ways to sign in.", "Give each its own name."
    for number, way in enumerate(ways):
        if way.get("kind") not in _TOKEN_KINDS and "{token." in json.dumps(way):
            yield (
                ("auth", number),
                f"{{token.…}} is used, but kind {way.get('kind')} fetches no token.",
                "Use {secrets.…} or another kind.",
            )
    questions = value.get("questions")
    for name, question in questions.items() if isinstance(questions, dict) else ():
        for way in question.get("auth", []) if isinstance(question, dict) else ():
            if way not in names:
                yield (
                    ("questions", name, "auth"),
                    f"there is no way to sign in called {way!r}.",
                    f"One of: {', '.join(map(str, names))}.",
                )


def _read_faults(place: Place, stream: dict[str, Any]) -> Iterator[Fault]:
    read = stream.get("read")
    if not isinstance(read, dict):
        return
    if not stream.get("key"):
        yield (
            place[:-1],
            "a stream that is read has no key.",
            "Add `key: [id]`, the fields that name a record at the vendor.",
        )
    cursor, paging = (part if isinstance(part, dict) else {} for part in (read.get("cursor"), read.get("paging")))
    used = {(item.steps[0], item.steps[1] if len(item.steps) > 1 else "") for item in _placeholders(read)}
    if cursor and not any(root == "cursor" for root, _ in used):
        yield (
            (*place, "cursor"),
            "the cursor is never sent.",
            "Use {cursor.since} (or its fields) in path, query or body.",
        )
    if not cursor and any(root == "cursor" for root, _ in used):
        yield place, "{cursor.…} is used, but the stream has no cursor.", "Add `cursor:`."
    if (
        cursor.get("kind") == "timestamp"
        and cursor.get("advance") != "run_start"
        and not (cursor.get("field") or stream.get("changed_at"))
    ):
        yield (
            (*place, "cursor"),
            "no field says when a record changed.",
            "Add `changed_at` to the stream or `field` to the cursor, or `advance: run_start`.",
        )
    if paging.get("kind") == "keyset" and cursor.get("kind") != "keyset":
        yield (*place, "paging"), "keyset paging needs a keyset cursor.", "Add `cursor: {kind: keyset, fields: …}`."
    wanted = {"cursor": "cursor", "page": "number", "offset": "offset"}.get(str(paging.get("kind")))
    if wanted and ("page", wanted) not in used:
        yield (
            (*place, "paging"),
            f"the page is never asked for: {{page.{wanted}}} is used nowhere.",
            f"Put {{page.{wanted}}} into query, path or body.",
        )


def _placeholders(part: Any) -> list[Any]:
    try:
        return Structure(part).placeholders()
    except TemplateError:
        return []


def _write_faults(place: Place, stream: dict[str, Any]) -> Iterator[Fault]:
    write = stream.get("write")
    if isinstance(write, dict):
        yield from _class_faults(place, write)
        if isinstance(write.get("batch"), dict):
            yield from _batch_faults((*place, "batch"), write, write["batch"])


def _class_faults(place: Place, write: dict[str, Any]) -> Iterator[Fault]:
    """Find what a write's class promises and the manifest does not say how to keep."""
    kind = write.get("class")
    if kind == "look_up" and "look_up" not in write:
        yield (
            place,
            "class look_up without a look_up query.",
            "Add `look_up:` with path, match and id, or say class: blind.",
        )
    if kind == "look_up" and not write.get("settle_seconds"):
        yield (
            place,
            "class look_up without settle_seconds.",
            "Say how long the system's longest request can take; 'not there' counts only after that.",
        )
    if kind == "idempotent" and not write.get("idempotency"):
        yield (
            place,
            "class idempotent without idempotency.",
            "Say how: `idempotency: {header: …}`, `{field: …}`, or `{address: true}` when the path carries {key}.",
        )


def _batch_faults(place: Place, write: dict[str, Any], batch: dict[str, Any]) -> Iterator[Fault]:
    """Find what would lose an item of a batch: its key, its own operation, or its answer."""
    idempotency = write.get("idempotency")
    if (
        isinstance(idempotency, dict)
        and "header" in idempotency
        and "{idempotency_key}" not in json.dumps(batch.get("item"))
    ):
        yield (
            place,
            "the idempotency header cannot serve a batch.",
            "Put {idempotency_key} into `item`, so that each item keeps its own key.",
        )
    for name in batch.get("operations", []):
        if name not in (write.get("operations") or {}):
            yield (
                (*place, "operations"),
                f"{name!r} is batched but not among operations.",
                "Add the operation; it is used when one item goes alone.",
            )
    results = batch.get("results")
    if isinstance(results, dict) and results.get("match") == "key" and "key" not in results:
        yield (
            (*place, "results"),
            "results are matched by key, but no key is named.",
            "Add `key:`, the path of our key in a result.",
        )


def _budget_faults(place: Place, stream: dict[str, Any], value: dict[str, Any]) -> Iterator[Fault]:
    names = [budget.get("name") for budget in value.get("budgets") or [] if isinstance(budget, dict)]
    if stream.get("budget") and stream["budget"] not in names:
        yield (
            place,
            f"there is no budget called {stream['budget']!r}.",
            f"One of: {', '.join(map(str, names)) or 'none; add `budgets:`'}.",
        )
