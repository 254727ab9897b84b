"""Mappings in the browser: a table of fields with a sample's values, drafts under a lock, and two people to publish."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.models import Version
from governance.rights import Role
from hub.mapping_pages.table_form import FIELD_PARTS, HEAD_PARTS, RULE_PARTS, TableForm
from mappings import shipped
from mappings.field_table import content_of, table_of
from mappings.models import Mapping
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def page() -> str:
    """Return the address of Harvest's clients."""
    shipped.install()
    return f"/mappings/{Mapping.objects.get(key='harvest.clients').pk}"


@pytest.fixture
def ingrid() -> Client:
    return signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))


def sent(form: TableForm, **changes: str) -> dict[str, str]:
    """Return what a browser sends for a form, with some inputs changed: f0_to, r1_check, note …"""
    data = {"rows": str(len(form.rows)), "rules": str(len(form.rules))} | {n: form.head.get(n, "") for n in HEAD_PARTS}
    for letter, rows in (("f", form.rows), ("r", form.rules)):
        data |= {f"{letter}{number}-{part}": text for number, raw in enumerate(rows) for part, text in raw.items()}
    return data | {re.sub(r"^([fr]\d+)_", r"\1-", name): text for name, text in changes.items()}


def opened(client: Client, page: str) -> TableForm:
    form = client.get(f"{page}/draft/").context["form"]
    assert isinstance(form, TableForm)
    return form


def newest() -> Version:
    return Version.objects.of("mapping", "harvest.clients")[0]


def wrong(answer: Any) -> dict[tuple[str, int, str], list[str]]:
    return dict(answer.context["form"].errors)


def test_draft_made_in_the_table_goes_all_the_way_by_two_people(page: str, ingrid: Client) -> None:
    clara = signed_in(person("Clara Voss", Role.CONTROLLER))
    form = opened(ingrid, page)

    answer = ingrid.post(f"{page}/draft/", sent(form, f2_kind="constant", f2_source="Everybody", note="one name"))
    assert (answer.status_code, answer.url) == (302, f"{page}/versions/")
    words = text_of(clara.get(f"{page}/versions/"))
    assert "Name: was copied from ‘name’, now always ‘Everybody’." in words
    assert ingrid.post(f"{page}/versions/2/submissions/", {"reason": "please"}).status_code == 302
    assert ingrid.post(f"{page}/versions/2/approvals/", {"_seen": newest().shown}).status_code == 403
    assert "was copied from ‘name’" in text_of(clara.get(f"{page}/versions/2/approvals/"))
    assert clara.post(f"{page}/versions/2/approvals/", {"reason": "fine"}).status_code == 409, "unseen"
    assert clara.post(f"{page}/versions/2/approvals/", {"reason": "fine", "_seen": newest().shown}).status_code == 302
    assert ingrid.post(f"{page}/versions/2/publications/", {"_seen": newest().shown}).status_code == 302
    assert ingrid.post(f"{page}/versions/1/rollbacks/", {"reason": ""}).status_code == 422, "needs a reason"
    older = {"reason": "wrong", "in_force": "1"}
    assert ingrid.post(f"{page}/versions/1/rollbacks/", older).status_code == 409, "unseen"
    assert ingrid.post(f"{page}/versions/1/rollbacks/", {"reason": "wrong", "in_force": "2"}).status_code == 302

    states = Version.objects.of("mapping", "harvest.clients").values_list("number", "state")
    assert list(states) == [(3, "published"), (2, "retired"), (1, "retired")]
    told = text_of(clara.get(f"{page}/versions/"))
    assert "Approved by Clara Voss (version 2): fine" in told
    assert "Rolled back by Ingrid Solheim (version 3): wrong" in told


def test_form_that_is_only_opened_and_kept_changes_nothing(page: str, ingrid: Client) -> None:
    for row in Mapping.objects.all():
        at = f"/mappings/{row.pk}"
        assert ingrid.post(f"{at}/draft/", sent(opened(ingrid, at))).status_code == 302, row
        assert Version.objects.of("mapping", row.key)[0].content == row.published().content


def test_every_mistake_stands_at_its_input_and_what_was_typed_stays(page: str, ingrid: Client) -> None:
    form = opened(ingrid, page)
    form.do("add-rule")
    data = sent(
        form, f0_key0="name + ", f1_table="", f2_source="", f3_to="name", f4_kind="constant", f4_constant="number",
        f4_source="12,5", f5_kind="formula", f5_formula="ROUNDED(x) & '🙂'", f6_to="colour", r0_check="hours >",
        r0_message="x" * 1500, name="",
    )  # fmt: skip

    answer = ingrid.post(f"{page}/draft/", data)

    assert answer.status_code == 422
    found = wrong(answer)
    assert {("f", 0, "key0"), ("f", 1, "table"), ("f", 2, "source"), ("f", 3, "to"), ("f", 4, "source"),
            ("f", 5, "formula"), ("f", 6, "to"), ("r", 0, "message"), ("r", 0, "check"), ("r", 0, "name"),
            ("h", 0, "name")} == set(found) - {("h", 0, "")}  # fmt: skip
    assert found["f", 0, "key0"][0].startswith("Character 7:")
    shown = answer.content.decode()
    assert "12,5" in shown
    assert "ROUNDED(x) &amp; &#x27;🙂&#x27;" in shown
    assert 'aria-describedby="f0-key0-wrong"' in shown
    assert Version.objects.of("mapping", "harvest.clients").count() == 1
    assert "Did you mean ROUND?" in str(found["f", 5, "formula"])
    assert found["f", 5, "formula"][0].startswith("Character 1:")


def test_very_long_input_is_refused_in_words(page: str, ingrid: Client) -> None:
    answer = ingrid.post(f"{page}/draft/", sent(opened(ingrid, page), f3_source="y" * 100_000))

    assert answer.status_code == 422
    assert "100,000 characters" in str(wrong(answer)["f", 3, "source"])


def test_unknown_field_of_the_hubs_own_record_is_told_at_the_part_that_names_it(ingrid: Client) -> None:
    shipped.install()
    at = f"/mappings/{Mapping.objects.get(key='netsuite.time_entries').pk}"
    form = opened(ingrid, at)
    place = next(number for number, raw in enumerate(form.rows) if raw["kind"] == "lookup")

    answer = ingrid.post(f"{at}/draft/", sent(form, **{f"f{place}_key0": "task_kode"}))

    assert wrong(answer)["f", place, "key0"][0].startswith("Character 1: task_kode is not a field of the record.")


def test_rows_are_added_moved_and_taken_out_without_a_script_and_nothing_is_kept(page: str, ingrid: Client) -> None:
    form = opened(ingrid, page)
    names = [raw["to"] for raw in form.rows]

    def after(what: str, given: TableForm) -> TableForm:
        answer = ingrid.post(f"{page}/draft/", sent(given, do=what))
        assert answer.status_code == 200
        got = answer.context["form"]
        assert isinstance(got, TableForm)
        return got

    added = after("add-field", form)
    assert [raw["to"] for raw in added.rows] == [*names, ""]
    assert [raw["to"] for raw in after("up-f-1", form).rows] == [names[1], names[0], *names[2:]]
    assert [raw["to"] for raw in after("drop-f-0", form).rows] == names[1:]
    assert len(after("add-rule", form).rules) == len(form.rules) + 1
    lines = after("add-line-0", form)
    assert lines.rows[1]["inside"] == "1"
    assert after("down-f-999999", form).rows == form.rows
    assert Version.objects.of("mapping", "harvest.clients").count() == 1


def test_somebody_elses_change_is_said_and_nothing_is_overwritten(page: str, ingrid: Client) -> None:
    other = signed_in(person("Clara Voss", Role.INTEGRATION_ADMIN))
    mine, theirs = opened(ingrid, page), opened(other, page)
    assert other.post(f"{page}/draft/", sent(theirs, f2_kind="constant", f2_source="Theirs")).status_code == 302

    answer = ingrid.post(f"{page}/draft/", sent(mine, f2_kind="constant", f2_source="Mine"))

    assert answer.status_code == 409
    words = text_of(answer)
    assert "Clara Voss has changed this" in words
    assert "‘Theirs’, now always ‘Mine’" in words
    assert newest().content["fields"][2] == {"to": "name", "value": "Theirs"}
    again = answer.context["form"]
    assert ingrid.post(f"{page}/draft/", sent(again)).status_code == 302, "once more, knowing it"
    assert newest().content["fields"][2] == {"to": "name", "value": "Mine"}
    stale = ingrid.post(f"{page}/draft/", sent(again))
    assert stale.status_code == 409, "the draft that this form was made from is not there any more"


def test_draft_that_was_sent_for_approval_meanwhile_is_not_edited(page: str, ingrid: Client) -> None:
    ingrid.post(f"{page}/draft/", sent(opened(ingrid, page)))
    form = opened(ingrid, page)
    ingrid.post(f"{page}/versions/2/submissions/", {"reason": "now"})

    answer = ingrid.post(f"{page}/draft/", sent(form))

    assert answer.status_code == 409
    assert "Make a new draft instead" in text_of(answer)


def test_note_of_a_draft_stands_where_it_is_sent_in_and_before_whoever_approves(page: str, ingrid: Client) -> None:
    ingrid.post(f"{page}/draft/", sent(opened(ingrid, page), f2_kind="constant", f2_source="A", note="for the audit"))

    offered = ingrid.get(f"{page}/versions/2/submissions/").context["form"]
    assert offered["reason"].value() == "for the audit"
    ingrid.post(f"{page}/versions/2/submissions/", {"reason": offered["reason"].value()})

    clara = signed_in(person("Clara Voss", Role.CONTROLLER))
    assert "Written by Ingrid Solheim: for the audit" in text_of(clara.get(f"{page}/versions/2/approvals/"))


def test_sample_stands_beside_each_row_and_follows_what_is_typed(page: str, ingrid: Client) -> None:
    form = opened(ingrid, page)
    first = ingrid.get(f"{page}/draft/").context["fields"]
    assert first[2].before == [("name", first[2].after)]

    answer = ingrid.post(
        f"{page}/draft/trials/", sent(form, f2_kind="formula", f2_formula='"Firm " & name', f3_source="(")
    )

    assert answer.status_code == 200
    rows = answer.context["fields"]
    assert rows[2].after == f"Firm {first[2].after}"
    assert rows[3].said
    assert 'id="f2-after" hx-swap-oob="true"' in answer.content.decode()
    pasted = ingrid.post(f"{page}/draft/trials/", sent(form, sample="pasted", pasted='{"name": "Pasted GmbH"}'))
    assert pasted.context["fields"][2].after == "Pasted GmbH"
    unread = ingrid.post(f"{page}/draft/trials/", sent(form, sample="pasted", pasted="{nonsense"))
    assert "cannot be read as JSON: line 1, character 2" in text_of(unread)
    gone = ingrid.post(f"{page}/draft/trials/", sent(form, sample="record:AAAAAAAAAAAAAAAAAAAAAA"))
    assert "not for you to see" in text_of(gone)
    assert "not for you to see" in text_of(ingrid.post(f"{page}/draft/trials/", sent(form, sample="record:ü")))
    assert "not there any more" in text_of(ingrid.post(f"{page}/draft/trials/", sent(form, sample="shipped:77")))


def test_mapping_of_many_rows_is_kept_and_shown(page: str, ingrid: Client) -> None:
    row = Mapping.objects.get(key="netsuite.time_entries")
    form = opened(ingrid, f"/mappings/{row.pk}")
    form.rows += [dict(form.rows[0], to=f"custom.field_{number}") for number in range(120)]

    assert ingrid.post(f"/mappings/{row.pk}/draft/", sent(form)).status_code == 302

    assert len(Version.objects.of("mapping", row.key)[0].content["fields"]) == len(form.rows)


def test_rights_are_asked_on_every_page(page: str) -> None:
    viktor, clara = (
        signed_in(person(*each)) for each in (("Viktor Lang", Role.VIEWER), ("Clara Voss", Role.CONTROLLER))
    )
    assert viktor.get(f"{page}/").status_code == 200
    assert "Edit as a draft" not in text_of(viktor.get(f"{page}/"))
    for client in (viktor, clara):
        assert client.get(f"{page}/draft/").status_code == 403
        assert client.post(f"{page}/draft/", {"rows": "0"}).status_code == 403
        assert client.get("/mappings/new/").status_code == 403
        assert client.post(f"{page}/technical/", {"content": "name: x", "seen": "1"}).status_code in (403, 422)
    assert viktor.post(f"{page}/draft/trials/", {"rows": "0"}).status_code == 403
    assert viktor.post(f"{page}/versions/1/retirements/", {"reason": "no"}).status_code == 403
    assert viktor.get(f"{page}/versions/1/nonsense/").status_code == 404
    assert viktor.get("/mappings/99999999999999999999/").status_code == 404
    assert viktor.get(f"{page}/?version=77").status_code == 404


def test_technical_tab_holds_the_same_and_has_the_same_lock(page: str, ingrid: Client) -> None:
    ingrid.post(f"{page}/draft/", sent(opened(ingrid, page), note="first"))
    form = ingrid.get(f"{page}/technical/").context["form"]
    typed = {name: form.initial[name] for name in ("content", "note", "seen")}
    wrong_text = ingrid.post(f"{page}/technical/", typed | {"content": typed["content"] + "\ncolour: red\n"})
    assert (wrong_text.status_code, "colour" in text_of(wrong_text)) == (422, True)
    assert ingrid.post(f"{page}/technical/", typed).status_code == 302
    assert newest().content == Version.objects.of("mapping", "harvest.clients").in_force().get().content
    ingrid.post(f"{page}/draft/", sent(opened(ingrid, page), name="Another name"))
    stale = ingrid.post(f"{page}/technical/", typed)
    assert stale.status_code == 409
    assert newest().content["name"] == "Another name"


def test_new_mapping_begins_with_what_its_target_requires(ingrid: Client) -> None:
    typed = {"name": "Tasks", "key": "own.tasks", "source": "stream:harvest:task_assignments", "target": "entity:task",
             "company": ""}  # fmt: skip
    assert ingrid.post("/mappings/new/", typed | {"key": "Grün"}).status_code == 422
    both = ingrid.post("/mappings/new/", typed | {"target": "stream:netsuite:time_entries"})
    assert "One of the two sides is a record of the hub." in text_of(both)
    address = ingrid.post("/mappings/new/", typed).url
    form = ingrid.get(address).context["form"]
    assert {"legal_entity", "project_code", "task_code"} <= {raw["to"] for raw in form.rows}
    filled = {f"f{number}_source": f"x.{raw['to']}" for number, raw in enumerate(form.rows)}
    lacking = ingrid.post(address, sent(form))
    assert lacking.status_code == 422

    assert ingrid.post(address, sent(form, **filled)).status_code == 302

    assert Version.objects.of("mapping", "own.tasks").get().state == "draft"
    assert ingrid.post("/mappings/new/", typed).status_code == 422, "the short name is taken"
    assert ingrid.get("/mappings/new/fields/?from=entity:task&to=nonsense&key=x").status_code == 404


def test_pages_ask_the_same_queries_for_few_and_many_versions(page: str, ingrid: Client) -> None:
    counts: dict[str, list[int]] = {}
    for number in range(3):
        ingrid.post(f"{page}/draft/", sent(opened(ingrid, page), name=f"Name {number}"))
        latest = newest().number
        for address in ("/mappings/", f"{page}/", f"{page}/draft/", f"{page}/versions/"):
            with CaptureQueriesContext(connection) as queries:
                assert ingrid.get(address).status_code == 200
            counts.setdefault(address, []).append(len(queries))
        versions_to_publish(latest)
    assert all(len(set(found)) == 1 for found in counts.values()), counts
    assert max(max(found) for found in counts.values()) <= 26, counts


def versions_to_publish(number: int) -> None:
    from governance import versions
    from governance.actor import ENGINE
    from governance.models import User

    row = Version.objects.of("mapping", "harvest.clients").get(number=number)
    versions.submit(row, by=User.objects.get(username="ingrid"))
    versions.approve(row, by=ENGINE)
    versions.publish(row, by=ENGINE)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(FIELD_PARTS, TEXT)), max_size=3),
       st.lists(st.fixed_dictionaries(dict.fromkeys(RULE_PARTS, TEXT)), max_size=2))  # fmt: skip
def test_whatever_is_typed_is_read_and_shown_again_as_it_was(rows: Any, rules: Any) -> None:
    form = TableForm({"system": "x", "stream": "y"}, {"entity": "task"}, {}, rows, rules)

    typed = TableForm.typed(sent(form), form.source, form.target)
    table = typed.read()

    assert (typed.rows, typed.rules) == (rows, rules)
    assert content_of(table_of(content_of(table))) == content_of(table)
