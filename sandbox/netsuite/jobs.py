"""Asynchronous requests: `Prefer: respond-async`, jobs, and the idempotency key that works only here.

The simulator does the work at once; the job says afterwards how each task ended.
"""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.memory import Memory, Row
from sandbox.netsuite.bodies import read_object
from sandbox.netsuite.errors import not_found, refusal
from sandbox.netsuite.records import RecordType
from sandbox.web import Refusal, answer

if TYPE_CHECKING:
    from sandbox.netsuite.site import NetSuite

ROOT = "/services/rest/async/v1/job"
KEY = "X-NetSuite-Idempotency-Key"
ITEMS_MOST = 100


def is_asynchronous(request: web.Request) -> bool:
    """Whether the caller asked for a job."""
    return "respond-async" in request.headers.get("Prefer", "")


async def accept(site: "NetSuite", request: web.Request, kind: RecordType) -> web.Response:
    """Take a record, or a collection of at most 100, and answer 202 with the job; raises Refusal."""
    key = request.headers.get(KEY, "")
    for job in site.memory.table("jobs").values():
        if key and job["key"] == key:
            location = {"Location": f"{request.url.origin()}{ROOT}/{job['id']}"}
            detail = f"A request with the idempotency key {key} was received already."
            raise refusal(400, "IDEMPOTENCY_ERROR", detail, headers=location)
    body = await read_object(request)
    items = body.get("items") if "type=collection" in request.headers.get("Content-Type", "") else [body]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise refusal(400, "INVALID_CONTENT", "A collection holds its records in 'items'.", path="items")
    if len(items) > ITEMS_MOST:
        raise refusal(400, "INVALID_CONTENT", f"A collection holds at most {ITEMS_MOST} records.", path="items")
    tasks = [_run(site, request.method, kind, item) for item in items]
    job = site.memory.put("jobs", {"key": key, "tasks": tasks, "type": kind.name}, by="api")
    headers = {"Location": f"{request.url.origin()}{ROOT}/{job['id']}", "Preference-Applied": "respond-async"}
    return answer(202, None, headers)


def _run(site: "NetSuite", method: str, kind: RecordType, item: dict[str, Any]) -> Row:
    """Do one task; a refused one leaves the others alone."""
    try:
        row = site.records.by_external_id(kind.name, str(item.get("externalId", "")))
        if method == "POST" or (row is None and method == "PUT"):
            stored = site.create(kind, item)
        elif row is None:
            raise not_found()
        else:
            stored = site.change(kind, row, item)
    except Refusal as refused:
        return {"status": refused.status, "body": refused.body, "id": None}
    return {"status": 204, "body": None, "id": stored["id"]}


def add_routes(router: web.UrlDispatcher, memory: Memory) -> None:
    """Add the doors at which jobs are asked for."""

    def found(request: web.Request) -> Row:
        job = memory.table("jobs").get(int(request.match_info["job"]))
        if job is None:
            raise not_found()
        return job

    async def show_job(request: web.Request) -> web.Response:
        job = found(request)
        url = f"{request.url.origin()}{ROOT}/{job['id']}"
        links = {"links": [{"rel": "self", "href": f"{url}/task"}]}
        return answer(200, {"id": str(job["id"]), "completed": True, "progress": "succeeded", "task": links})

    async def show_tasks(request: web.Request) -> web.Response:
        tasks = [_shown(number, task) for number, task in enumerate(found(request)["tasks"], 1)]
        return answer(200, {"items": tasks, "count": len(tasks), "hasMore": False, "totalResults": len(tasks)})

    async def show_task(request: web.Request) -> web.Response:
        number = int(request.match_info["task"])
        return answer(200, _shown(number, _task(found(request), number)))

    async def show_result(request: web.Request) -> web.Response:
        job = found(request)
        task = _task(job, int(request.match_info["task"]))
        location = f"{request.url.origin()}/services/rest/record/v1/{job['type']}/{task['id']}"
        return answer(task["status"], task["body"], {"Location": location} if task["id"] else None)

    router.add_get(ROOT + r"/{job:\d+}", show_job)
    router.add_get(ROOT + r"/{job:\d+}/task", show_tasks)
    router.add_get(ROOT + r"/{job:\d+}/task/{task:\d+}", show_task)
    router.add_get(ROOT + r"/{job:\d+}/task/{task:\d+}/result", show_result)


def _task(job: Row, number: int) -> Row:
    if not 1 <= number <= len(job["tasks"]):
        raise not_found()
    task: Row = job["tasks"][number - 1]
    return task


def _shown(number: int, task: Row) -> Row:
    progress = "succeeded" if task["id"] else "failed"
    return {"id": str(number), "completed": True, "progress": progress}
