"""Every verb and every kind of thing that the audit trail may hold has words for the pages that show it."""

import ast
from collections.abc import Iterator

from governance import deeds
from hub.supervisor.options import ROOT
from tests.hub.test_repository import tracked

WRITERS = {"record", "entry_of"}  # of governance.audit
PACKAGES = ("governance", "connectors", "mappings", "routes", "exceptions_queue", "hub")


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in tracked("*.py"):
        if path.relative_to(ROOT).parts[0] in PACKAGES and "migrations" not in path.parts:
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def _verbs(tree: ast.Module) -> tuple[set[str], list[str]]:
    """Return the verbs that a module's audit entries carry, and what could not be followed to a text.

    A verb is given as a text, or is a parameter `verb` of a function here: then every call of that one gives it.
    """
    reading = _Reading([node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)])
    for call, function in reading.calls():
        if _of_audit(call):
            given = _keyword(call, "verb")
            assert given is not None, ast.unparse(call)
            reading.take(given, function)
    return reading.found, reading.lost


class _Reading:
    """Follows what is given as a verb through the functions of a module."""

    def __init__(self, functions: list[ast.FunctionDef]) -> None:
        self.functions = functions
        self.found: set[str] = set()
        self.lost: list[str] = []
        self.handed: set[str] = set()  # functions whose parameter has been followed to their calls

    def calls(self) -> Iterator[tuple[ast.Call, ast.FunctionDef]]:
        for function in self.functions:
            for call in ast.walk(function):
                if isinstance(call, ast.Call):
                    yield call, function

    def take(self, value: ast.expr, inside: ast.FunctionDef) -> None:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            self.found.add(value.value)
        elif isinstance(value, ast.IfExp):
            self.take(value.body, inside)
            self.take(value.orelse, inside)
        elif isinstance(value, ast.Name) and value.id in _parameters(inside):
            self._from_calls(inside, value.id)
        elif isinstance(value, ast.Name) and (given := _assigned(inside, value.id)):
            for each in given:
                self.take(each, inside)
        else:
            self.lost.append(f"line {value.lineno}: {ast.unparse(value)}")

    def _from_calls(self, function: ast.FunctionDef, parameter: str) -> None:
        """Take what the calls of a function give for a parameter, and what stands for it where they give nothing."""
        if function.name in self.handed:
            return
        self.handed.add(function.name)
        names = _parameters(function)
        place = names.index(parameter) - (names[0] == "self")
        for call, inside in self.calls():
            if _called(call) == function.name and not _of_audit(call):
                given = _keyword(call, parameter) or next(iter(call.args[place : place + 1]), None)
                if given is not None:
                    self.take(given, inside)
        if parameter == "verb":
            usual = [*function.args.defaults, *function.args.kw_defaults]
            self.found |= {each.value for each in usual if isinstance(each, ast.Constant) and _is_text(each.value)}


def _parameters(function: ast.FunctionDef) -> list[str]:
    given = function.args
    return [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def _assigned(function: ast.FunctionDef, name: str) -> list[ast.expr]:
    return [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and any(isinstance(each, ast.Name) and each.id == name for each in node.targets)
    ]


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _of_audit(call: ast.Call) -> bool:
    of = call.func.value if isinstance(call.func, ast.Attribute) else None
    return isinstance(of, ast.Name) and of.id == "audit" and _called(call) in WRITERS


def test_every_verb_of_the_trail_has_words() -> None:
    verbs: set[str] = set()
    for name, tree in _modules():
        found, lost = _verbs(tree)
        assert lost == [], f"{name} gives a verb that this test cannot follow; give a text"
        verbs |= found
    assert {"set_schedule", "sign_in", "roll_back", "open_account", "send_again"} <= verbs, "the search itself works"
    assert verbs - deeds.DEEDS.keys() == set()


def test_no_words_show_a_name_of_the_code() -> None:
    assert [words for words in deeds.DEEDS.values() if "_" in words or not words] == []


def test_kinds_of_things_are_told_in_words() -> None:
    kinds = {"routes.route": "route", "governance.legalentity": "company", "governance.apiclient": "API client"}
    assert {kind: deeds.thing(kind) for kind in kinds} == kinds
    assert deeds.thing("routes.gone_since_long") == "gone since long"
