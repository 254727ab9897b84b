"""Which time zone a country lives by, where it is one: from `zone.tab` of the IANA database, as tzdata has it."""

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones

MONTHS = range(1, 13)


@cache
def known() -> tuple[str, ...]:
    """Return the names of all zones of the IANA database, sorted; to look for them is to walk through its folders."""
    return tuple(sorted(available_timezones()))


@cache
def zone_of(country: str) -> str:
    """Return the IANA name of the zone by which all of a country (ISO 3166-1, two letters) lives; "" for none or many.

    Zones whose clocks agree all the year are one, such as Berlin's and Büsingen's: the first is taken, which is the one
    with the most people.
    """
    zones = _zones().get(country, [])
    return zones[0] if len({_clock(each) for each in zones}) == 1 else ""


@cache
def _zones() -> dict[str, list[str]]:
    """Return the zones of each country, in the order of the table."""
    found: dict[str, list[str]] = {}
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            country, _, zone, *_ = line.split("\t")
            found.setdefault(country, []).append(zone)
    return found


def _clock(zone: str) -> tuple[object, ...]:
    """Return how far a zone's clock is from UTC in each month of this year."""
    year, where = datetime.now(UTC).year, ZoneInfo(zone)
    return tuple(datetime(year, month, 15, tzinfo=where).utcoffset() for month in MONTHS)
