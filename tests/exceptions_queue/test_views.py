"""Lists under a name: whose they are, what is shared with whom, and that nobody's change is lost."""

import json
import re
from typing import Any

import pytest

from canonical.failure import Category
from exceptions_queue import columns, intake, verbs, views
from exceptions_queue.models import ListColumns, SavedView, WorkItem
from exceptions_queue.query.words import understood
from governance.models import AuditEntry
from governance.rights import NotAllowed
from tests.api.signing import token_of
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_query import NOW, items, staff
from tests.governance.people import company
from tests.routes.world import entry, refused

__all__ = ["items", "staff"]
LINE = "is:open class:validation"


def names_of(user: Any) -> list[str]:
    return [view.name for view in views.offered(user) if view.row]


def test_every_shipped_list_is_understood_and_open_to_all(staff: Staff) -> None:
    for name, line in views.SHIPPED.values():
        assert understood(line, NOW).wrong == (), name
    assert len(views.offered(staff.viktor)) == len(views.SHIPPED)


def test_own_lists_are_ones_own_and_shared_ones_are_the_companys(staff: Staff) -> None:
    verbs.keep_view(by=staff.farid, name="Mine", line=LINE)
    shared = verbs.keep_view(by=staff.farid, name="Ours", line=LINE, legal_entity=company("HP-DE"))
    assert names_of(staff.farid) == ["Mine", "Ours"]
    assert names_of(staff.viktor) == names_of(staff.clara) == ["Ours"]
    assert names_of(staff.stranger) == []
    for somebody in (staff.viktor, staff.stranger):
        with pytest.raises(NotAllowed):
            verbs.change_view(shared, by=somebody, seen=1, name="Theirs", line="")
    own = SavedView.objects.get(name="Mine")
    with pytest.raises(NotAllowed, match="somebody else's own"):
        verbs.delete_view(own, by=staff.clara, seen=1)
    with pytest.raises(NotAllowed):
        verbs.keep_view(by=staff.farid, name="Theirs", line=LINE, legal_entity=company("HP-GB"))
    verbs.share_view(own, by=staff.farid, seen=1, legal_entity=company("HP-DE"))
    assert names_of(staff.viktor) == ["Mine", "Ours"]
    assert AuditEntry.objects.filter(thing_kind="exceptions_queue.savedview").count() == 3


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": " "}, "A list has a name of 1 to 60 characters"),
        ({"name": "OURS"}, "There is a list “OURS” already"),
        ({"line": "clas:x"}, "At character 1: “clas” is no word of this line"),
        ({"line": 'worker:"Ana Ruiz"'}, "A list that is shared names no person"),
        ({"line": "is:open ana.ruiz@acme.example"}, "A list that is shared names no person"),
        ({"name": "For ana.ruiz@acme.example"}, "A list that is shared names no person"),
        ({"sort": "random"}, "“random” is no order of the list"),
    ],
)
def test_what_cannot_be_kept_says_why(staff: Staff, given: dict[str, str], says: str) -> None:
    verbs.keep_view(by=staff.farid, name="Ours", line=LINE, legal_entity=company("HP-DE"))
    wanted = {"name": "Other", "line": LINE} | given
    with pytest.raises(verbs.NotPossible, match=says):
        verbs.keep_view(by=staff.clara, legal_entity=company("HP-DE"), **wanted)


def test_stale_change_of_a_shared_list_is_told_and_overwrites_nothing(staff: Staff) -> None:
    made = verbs.keep_view(by=staff.farid, name="Ours", line=LINE, legal_entity=company("HP-DE"))
    verbs.change_view(made, by=staff.clara, seen=1, name="Ours", line="is:new")
    sent = {"q": "is:resolved", "view": str(made.pk), "seen": "1", "sort": "money", "columns": ""}
    answer = signed_in(staff.farid).post(f"/queue/views/{made.pk}/", sent)
    assert answer.status_code == 422
    words = text_of(answer)
    assert "Clara Voss has changed “Ours”" in words
    assert "it says “is:new” now" in words
    assert answer.context["asked"].text == "is:resolved"
    made.refresh_from_db()
    assert (made.line, made.version) == ("is:new", 2)
    with pytest.raises(verbs.NotPossible, match="has changed"):
        verbs.delete_view(made, by=staff.farid, seen=1)
    verbs.delete_view(made, by=staff.farid, seen=2)
    with pytest.raises(verbs.NotPossible, match="thrown this list away meanwhile"):
        verbs.change_view(made, by=staff.clara, seen=2, name="Ours", line="")


def test_page_keeps_marks_and_resets_a_list(items: dict[str, Any], staff: Staff) -> None:
    browser = signed_in(staff.farid)
    sent = {"q": LINE, "sort": "newest", "name": "Rules", "with": "", "columns": "number,stake"}
    browser.post("/queue/views/", sent)
    row = SavedView.objects.get()
    same = browser.get(f"/queue/?view={row.pk}")
    assert (same.context["asked"].text, same.context["list_columns"]) == (LINE, ("number", "stake"))
    assert [each.item.fingerprint for each in same.context["rows"]] == ["a", "c"]
    assert ">changed<" not in same.content.decode()
    other = browser.get(f"/queue/?view={row.pk}&q=is:open&sort=newest")
    assert ">changed<" in other.content.decode()
    assert f'href="?view={row.pk}"' in other.content.decode()
    assert browser.get("/queue/?view=999").status_code == 404
    assert signed_in(staff.clara).get(f"/queue/?view={row.pk}").status_code == 404
    assert signed_in(staff.clara).post(f"/queue/views/{row.pk}/deletions/", {"seen": "1"}).status_code == 404
    refused = browser.post("/queue/views/", sent | {"q": "is:new"})
    assert (refused.status_code, refused.context["asked"].text) == (422, "is:new")
    assert 'value="Rules"' in refused.content.decode()
    browser.post(f"/queue/views/{row.pk}/", {"q": "is:new", "seen": "1", "view": str(row.pk), "sort": "money"})
    row.refresh_from_db()
    assert (row.line, row.name) == ("is:new", "Rules")


def test_columns_are_ones_own_for_a_list_and_for_all(items: dict[str, Any], staff: Staff) -> None:
    browser = signed_in(staff.farid)

    def heads(address: str) -> list[str]:
        return [columns.COLUMNS[name] for name in browser.get(address).context["list_columns"]]

    browser.post("/queue/columns/", {"q": "is:open", "column": ["client", "stake", "nonsense", "client"]})
    assert heads("/queue/") == ["Client", "At stake"] == heads("/queue/?view=mine")
    browser.post("/queue/columns/", {"q": "is:open", "view": "mine", "column": ["again"]})
    assert (heads("/queue/?view=mine"), heads("/queue/")) == (["Came back"], ["Client", "At stake"])
    assert "C-1" in text_of(browser.get("/queue/"))
    browser.post("/queue/columns/", {"q": "is:open", "usual": "yes", "column": ["again"]})
    assert heads("/queue/") == [columns.COLUMNS[name] for name in columns.USUAL]
    assert heads("/queue/?view=mine") == ["Came back"]
    assert ListColumns.objects.exclude(user=staff.farid).count() == 0
    for name in columns.COLUMNS:
        browser.post("/queue/columns/", {"q": "is:open", "column": [name]})
        assert browser.get("/queue/?q=").status_code == 200


def test_heads_sort_where_an_index_serves_it(items: dict[str, Any], staff: Staff, monkeypatch: Any) -> None:
    monkeypatch.setattr("exceptions_queue.pages.items.SIZE", 2)
    browser = signed_in(staff.clara)
    for sort, wanted in (("oldest", "fdcba"), ("newest", "abcdf"), ("money", "cdabf"), ("nonsense", "cdabf")):
        shown, address = "", f"/queue/?q=is:open&sort={sort}"
        while address:
            answer = browser.get(address)
            shown += "".join(row.item.fingerprint for row in answer.context["rows"])
            asked, after = answer.context["asked"], answer.context["after"]
            address = f"/queue/?{asked.address}&after={after}" if after else ""
        assert shown == wanted, sort
    page = browser.get("/queue/?q=is:open&sort=oldest").content.decode()
    assert 'aria-sort="ascending"' in page
    assert "sort=newest" in page
    assert "sort=" not in browser.get("/queue/?q=is:resolved").content.decode().partition('<table class="stack">')[2]


def test_api_keeps_lists_and_overwrites_nothing_unread(items: dict[str, Any], staff: Staff, client: Any) -> None:
    place, token = "/api/experience/v1/work-item-views", {"authorization": f"Bearer {token_of(staff.farid)}"}

    def ask(method: str, address: str, body: Any = None, **headers: str) -> Any:
        more = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(client, method)(address, headers=token | headers, **more)

    made = ask("post", place, {"name": "Rules", "query": LINE, "columns": ["since"], "legal_entity": "HP-DE"})
    assert made.status_code == 201
    address, told = f"{place}/{made.json()['id']}", made.json()
    assert (told["query"], told["columns"], told["legal_entity"]) == (LINE, ["since"], "HP-DE")
    tag = ask("get", address)["ETag"]
    assert ask("put", address, {"name": "Rules", "query": "is:new"}).status_code == 428
    assert ask("put", address, {"name": "Rules", "query": "is:new"}, **{"If-Match": tag}).status_code == 200
    assert ask("put", address, {"name": "Rules", "query": "is:open"}, **{"If-Match": tag}).status_code == 412
    assert ask("post", place, {"name": "Rules", "query": "clas:x", "legal_entity": "HP-DE"}).status_code in (409, 422)
    assert [each["name"] for each in ask("get", place).json()["items"]] == ["Rules"]
    token["authorization"] = f"Bearer {token_of(staff.stranger)}"
    assert ask("get", place).json()["items"] == []
    assert ask("get", address).status_code == 404


def test_list_tells_how_often_what_it_holds_was_tried(quick_world: Any, staff: Staff) -> None:
    world = quick_world()
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.")
    world.take_in(entry(1))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()
    browser = signed_in(staff.farid)
    browser.post("/queue/columns/", {"q": "is:open", "column": ["number", "tries"]})

    def told() -> str:
        return re.findall(r'data-label="Tries">\s*(\S*?)\s*</td>', browser.get("/queue/").content.decode())[0]

    assert told() == "1"
    verbs.resubmit(item, by=staff.farid, reason="again", failures=[item.failures()[0].pk])
    world.deliver()
    intake.take_in()
    assert told() == "2"
    zero = {"shown": f"{item.number}:00000000", "q": "is:open"}
    assert 'data-label="Tries">2</td>' in browser.get("/queue/news/", zero).content.decode()
