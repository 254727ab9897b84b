"""What the doctor looks at in the connectors: that every connection still has its system's."""

from collections.abc import Iterator

from connectors.models import Connection
from connectors.registry import registry

Wrong = tuple[str, str, str]  # thing, cause, remedy


def installed() -> Iterator[Wrong]:
    """Every connection's connector is installed."""
    for row in Connection.objects.exclude(connector__in=list(registry.connectors)).order_by("slug"):
        yield (
            f"The connection {row.name} has no connector",
            f"no folder of connectors is called {row.connector}; its routes cannot run.",
            "Put the folder back, or name the place that has it in CONNECTOR_PATHS, and start the hub again.",
        )


CHECKS = (installed,)
