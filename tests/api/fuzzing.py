"""Calls every operation of the API's document with what fits it and with what does not, and checks every answer."""

import os
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings

from hub.api.described import document

if TYPE_CHECKING:  # loaded by those who call it: every process of pytest reads this file
    from schemathesis.schemas import APIOperation

CONFIG = {
    "checks": {
        # What a schema cannot say is answered with these: state (409, 412), meaning (422), an unknown cursor (400).
        "positive_data_acceptance": {"expected-statuses": ["2xx", 400, 403, 404, 409, 412, 422]},
        "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 406, 409, 411, 412, 413, 415, 422, 428]},
    },
}


def operations(app: Any) -> "Iterator[APIOperation]":
    """Yield every operation of the document, to be called on the application itself."""
    schema = _schema()
    schema.app = app
    for each in schema.get_all_operations():
        yield each.ok()


@cache
def _schema() -> Any:
    """Return the document as schemathesis reads it: a second's work, the same for each role."""
    import schemathesis
    from schemathesis.config import SchemathesisConfig

    return schemathesis.openapi.from_dict(document(), config=SchemathesisConfig.from_dict(CONFIG))


def call(operation: "APIOperation", headers: Mapping[str, str], real: Mapping[str, Any], *, examples: int) -> int:
    """Call one operation with examples of both kinds; return how many calls there were. Raises what a check found.

    Half of the calls are about things that exist (`real`: values of path parameters), half about what does not.
    """
    from schemathesis.generation import GenerationMode

    calls = 0

    def check(case: Any) -> None:
        nonlocal calls
        calls += 1
        wanted = {name: real[name] for name in case.path_parameters or {} if name in real}
        if calls % 2 and wanted and case.meta.generation.mode is GenerationMode.POSITIVE:
            case.path_parameters.update(wanted)
        case.call_and_validate(headers=dict(headers))

    for mode in GenerationMode:
        made = given(case=operation.as_strategy(generation_mode=mode))(check)
        settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize="FUZZ_SEED" not in os.environ,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )(made)()
    return calls
