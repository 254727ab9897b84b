"""Which routes can be asked to read a span of days: as the manifests of their streams say."""

import pytest

from connectors.registry import registry
from routes import spans
from routes.models import Route

STREAMS = [
    (connector, name, "window" in stream.capabilities)
    for connector in ("harvest",)
    for name, stream in sorted(registry.connectors[connector].manifest.streams.items())
    if stream.read is not None
]


@pytest.mark.parametrize(("connector", "stream", "can"), STREAMS)
def test_stream_is_read_by_days_when_its_manifest_says_so(connector: str, stream: str, can: bool) -> None:
    from connectors.models import Connection

    route = Route(name="A route", stream=stream, connection=Connection(connector=connector))
    assert spans._reads_days(route) is can


def test_both_kinds_of_streams_are_tried() -> None:
    assert {can for _, _, can in STREAMS} == {True, False}
    assert not spans._reads_days(Route(name="Of another route"))
