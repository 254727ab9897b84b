"""What people call the two ends of a mapping or a route: a stream of a system, or a record of the hub's own."""

from connectors.registry import registry
from mappings.differences import label


def stream_words(connector: str, stream: str) -> str:
    """Return what people call a stream: its title; where the connector is gone, its name with blanks."""
    known = registry.connectors.get(connector)
    described = known.manifest.streams.get(stream) if known else None
    return described.title if described else label(stream)


def end_words(end: str) -> str:
    """Return what people call an end as a mapping keeps it.

    "harvest time_entries" is "Harvest: Time entries", "time_entry" (a record of the hub) is "Time entry".
    """
    system, _, stream = end.rpartition(" ")
    if not system:
        return label(stream)
    known = registry.connectors.get(system)
    return f"{known.manifest.title if known else system}: {stream_words(system, stream)}"
