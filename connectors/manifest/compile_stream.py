"""Turns one checked stream of a manifest into its typed form."""

from typing import Any

from canonical.entity import Kind, Mask
from connectors.manifest import stream as model
from connectors.manifest.patterns import compile_pattern
from connectors.paths import compile_path
from connectors.template import Structure, compile_template, compile_templates

_START = "1970-01-01T00:00:00Z"


def compile_stream(name: str, item: dict[str, Any]) -> model.Stream:
    """Return the typed stream."""
    changed_at = compile_path(item.get("changed_at"))
    return model.Stream(
        name=name,
        title=item["title"],
        about=item.get("about", ""),
        entity=item.get("entity", ""),
        key=tuple(compile_path(path) for path in item.get("key", ())),
        version=compile_path(item.get("version")),
        changed_at=changed_at,
        ordered=item.get("ordered", "latest"),
        budget=item.get("budget", ""),
        documentation=item.get("documentation", ""),
        read=_read(item["read"], changed_at) if "read" in item else None,
        write=_write(item["write"]) if "write" in item else None,
        record_link=compile_template(item["record_link"], escape=True) if "record_link" in item else None,
        no_record_link=item.get("no_record_link", ""),
        masks=_masks(item["masks"]) if "masks" in item else None,
        returns=_returns(item["returns"]) if "returns" in item else None,
        cannot_return=item.get("cannot_return", ""),
    )


def _returns(item: dict[str, Any]) -> model.Return:
    return model.Return(item["by"], compile_path(item["id"]), Structure(item["body"]), item["about"])


def _masks(item: dict[str, list[str]]) -> dict[str, Mask]:
    return {path: Mask(name) for name, paths in item.items() for path in paths}


def _read(item: dict[str, Any], changed_at: tuple[str | int, ...]) -> model.Read:
    window, detail = item.get("window"), item.get("detail")
    return model.Read(
        method=item.get("method", "POST" if "body" in item else "GET"),
        path=compile_template(item["path"], escape=True),
        query=compile_templates(item.get("query")),
        headers=compile_templates(item.get("headers")),
        body=_structure(item, "body"),
        records=compile_path(item["records"]),
        cursor=_cursor(item["cursor"], changed_at) if "cursor" in item else None,
        paging=_paging(item["paging"]),
        page_size=item.get("page_size", 100),
        window=_window(window, item) if window else None,
        detail=_detail(detail) if detail else None,
        fields=_fields(item),
        closed=item.get("closed", False),
    )


def _fields(item: dict[str, Any]) -> tuple[model.StreamField, ...]:
    return tuple(
        model.StreamField(
            name, said.get("about", ""), Kind(said["as"]) if "as" in said else None, said.get("required", False)
        )
        for name, said in item.get("fields", {}).items()
    )


def _structure(item: dict[str, Any], name: str) -> Structure | None:
    return Structure(item[name]) if name in item else None


def _cursor(item: dict[str, Any], changed_at: tuple[str | int, ...]) -> model.Cursor:
    if item["kind"] == "keyset":
        fields = tuple((name, compile_path(path)) for name, path in item["fields"].items())
        overlap = item.get("overlap_seconds", 0)
        return model.Cursor("keyset", fields=fields, initial=dict(item.get("initial", {})), overlap=overlap)
    return model.Cursor(
        "timestamp",
        field=compile_path(item["field"]) if "field" in item else changed_at,
        format=item.get("format", ""),
        advance=item.get("advance", "latest_record"),
        overlap=item.get("overlap_seconds", 0),
        initial={"since": item.get("initial", _START)},
    )


def _paging(item: dict[str, Any]) -> model.Paging:
    return model.Paging(
        kind=item["kind"],
        next=compile_path(item.get("next")),
        link_header="header" in item,
        first=item.get("first", 1),
        total_pages=compile_path(item.get("total_pages")),
        has_more=compile_path(item.get("has_more")),
        total=compile_path(item.get("total")),
    )


def _window(item: dict[str, Any], read: dict[str, Any]) -> model.Window:
    return model.Window(
        field=compile_path(item["field"]),
        path=compile_template(item.get("path", read["path"]), escape=True),
        query=compile_templates(item.get("query", read.get("query"))),
        body=_structure(item if "body" in item else read, "body"),
    )


def _detail(item: dict[str, Any]) -> model.Detail:
    path = compile_template(item["path"], escape=True)
    return model.Detail(
        path, compile_templates(item.get("query")), compile_path(item.get("record")), item.get("concurrency", 4)
    )


def _write(item: dict[str, Any]) -> model.Write:
    idempotency = item.get("idempotency", {})
    return model.Write(
        write_class=item["class"],
        guarantee=item["guarantee"],
        settle_seconds=item.get("settle_seconds", 0),
        correction=tuple(item.get("correction", ())),
        undone_by=item.get("undone_by", ""),
        key_field=compile_path(item.get("key_field")),
        idempotency_header=idempotency.get("header", ""),
        idempotency_field=compile_path(idempotency.get("field")),
        operations={name: _operation(name, operation) for name, operation in item["operations"].items()},
        batch=_batch(item["batch"]) if "batch" in item else None,
        look_up=_look_up(item["look_up"]) if "look_up" in item else None,
        sample=item.get("sample"),
        fields=_fields(item),
    )


def _operation(name: str, item: dict[str, Any]) -> model.Operation:
    body: Structure | str = "ours"
    if "body" in item:
        body = "none" if item["body"] is None else Structure(item["body"])
    return model.Operation(
        name=name,
        method=item.get("method", ""),
        path=compile_template(item.get("path", ""), escape=True),
        query=compile_templates(item.get("query")),
        headers=compile_templates(item.get("headers")),
        body=body,
        success=frozenset(item.get("success", ())),
        id=_found(item.get("id")),
        reference=_found(item.get("reference")),
        version=_found(item.get("version")),
        before=tuple(_step(step) for step in item.get("before", ())),
        then=tuple(_step(step) for step in item.get("then", ())),
        by_look_up="by" in item,
    )


def _step(item: dict[str, Any]) -> model.Step:
    return model.Step(
        method=item["method"],
        path=compile_template(item["path"], escape=True),
        query=compile_templates(item.get("query")),
        headers=compile_templates(item.get("headers")),
        body=_structure(item, "body"),
        success=frozenset(item["success"]),
        keep=tuple((name, compile_path(path)) for name, path in item.get("keep", {}).items()),
        id=_found(item.get("id")),
        reference=_found(item.get("reference")),
        version=_found(item.get("version")),
    )


def _found(item: dict[str, Any] | None) -> model.Found | None:
    if item is None:
        return None
    if "body" in item:
        return model.Found("body", path=compile_path(item["body"]))
    if "location" in item:
        return model.Found("location", pattern=compile_pattern(item["location"]))
    if "header" in item:
        return model.Found("header", header=item["header"].lower())
    return model.Found("request")


def _batch(item: dict[str, Any]) -> model.Batch:
    results = item["results"]
    return model.Batch(
        operations=frozenset(item["operations"]),
        size=item["size"],
        method=item["method"],
        path=compile_template(item["path"], escape=True),
        query=compile_templates(item.get("query")),
        headers=compile_templates(item.get("headers")),
        item=_structure(item, "item"),
        body=Structure(item["body"]),
        success=frozenset(item["success"]),
        atomic=item.get("atomic", False),
        results=compile_path(results["path"]),
        match=results["match"],
        key=compile_path(results.get("key")),
        status=compile_path(results.get("status")),
        item_success=frozenset(str(value).lower() for value in results.get("success", ())),
        error=compile_path(results.get("error")),
        id=_found(results.get("id")),
        reference=_found(results.get("reference")),
        version=_found(results.get("version")),
    )


def _look_up(item: dict[str, Any]) -> model.LookUpQuery:
    return model.LookUpQuery(
        method=item.get("method", "POST" if "body" in item else "GET"),
        path=compile_template(item["path"], escape=True),
        query=compile_templates(item.get("query")),
        headers=compile_templates(item.get("headers")),
        body=_structure(item, "body"),
        records=compile_path(item["records"]) if "records" in item else None,
        match=compile_path(item.get("match")),
        id=compile_path(item["id"]),
        reference=compile_path(item.get("reference")),
        version=compile_path(item.get("version")),
        absent=frozenset(item.get("absent", ())),
    )
