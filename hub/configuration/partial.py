"""Files that say less than what is here: what a list or a map of theirs would take away by not being there.

A list that is left out takes nothing away unless that was asked for, as a thing without a file does not; an empty one
that stands there is a choice, and a change.
"""

from hub.configuration import form
from hub.configuration.differences import spoken, written
from hub.configuration.form import Data

KEPT = {
    "calendars": ("hours", "days"),
    "connections": ("windows",),
    "subscriptions": ("types", "routes", "destinations", "categories"),
    "cut_offs": ("entities", "routes"),
    "teams": ("members",),
    "routing_rules": (
        "categories", "entities", "clients", "projects", "contract_types", "workers", "periods", "routes", "tags",
    ),
    "approval_policies": ("fields", "categories", "entities", "contract_types"),
}  # fmt: skip  # by kind: what is kept where a file leaves it out
EACH_KEPT = {"calendars": ("hours",)}  # maps of which each entry is


def filled(folder: str, here: Data, wanted: Data) -> tuple[Data, dict[str, str]]:
    """Return a document with what it leaves out as it is here, and that in words by what it is called.

    `here`: in its canonical writing.
    """
    made, lacks = dict(wanted), {}
    for name in KEPT.get(folder, ()):
        if name in here and name not in wanted:
            made[name] = here[name]
            lacks[spoken(name)] = written(here[name])
        elif here.get(name) and wanted.get(name) and name in EACH_KEPT.get(folder, ()):
            left = {each: value for each, value in here[name].items() if each not in wanted[name]}
            made[name] = {**wanted[name], **left}
            lacks |= {f"{spoken(name)} of {each}": written(value) for each, value in left.items()}
    return (form.canonical(folder, made) if lacks else wanted), lacks
