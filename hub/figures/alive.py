"""How long ago workers and the clock have given a sign of life."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hub import signs


class Alive(Collector):
    """Reads the signs of all programs that share STATE."""

    def collect(self) -> Iterator[Metric]:
        """Yield one gauge: for each name of a program the oldest sign of all machines, in seconds."""
        family = GaugeMetricFamily(
            "throughline_sign_of_life_seconds",
            "Seconds since a worker or the clock (beat) gave a sign of life",
            labels=["program"],
        )
        oldest: dict[str, float] = {}
        for sign in signs.signs(Path(settings.STATE)):
            oldest[sign.name] = max(sign.seconds, oldest.get(sign.name, 0.0))
        for name, seconds in oldest.items():
            family.add_metric([name], seconds)
        yield family
