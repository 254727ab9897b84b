"""What a link to a record may look like: it goes to the vendor's own host, whatever a record says."""

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.template import TemplateError, compile_template

SCHEME = "https://"
Fault = tuple[tuple[str | int, ...], str, str]


def link_faults(stream_place: tuple[str | int, ...], stream: Mapping[str, Any]) -> Iterator[Fault]:
    """Find what would let a stream's link lead elsewhere: another scheme, or a host that a record could name."""
    place, written = (*stream_place, "record_link"), stream.get("record_link")
    if not isinstance(written, str):
        return
    if "no_record_link" in stream:
        yield (*stream_place, "no_record_link"), "a stream has a link, or says why not.", "Leave one of both out."
    try:
        parts = compile_template(written).parts
    except TemplateError:
        return  # told with the other templates
    head = parts[0] if parts else ""
    if isinstance(head, str) and not head.startswith(SCHEME):
        yield place, f"the link does not begin with {SCHEME}.", f"Begin with {SCHEME}, or with {{answers.…|raw}}."
        return
    if not isinstance(head, str) and head.steps[0] != "answers":
        yield place, "a record would say where the link leads.", "Begin with https:// or with {answers.…|raw}."
        return
    for number, part in enumerate(parts):
        if isinstance(part, str):
            if "/" in (part.removeprefix(SCHEME) if number == 0 else part):
                return  # behind the host anything may stand
        elif part.steps[0] != "answers":
            yield place, f"{{{part.name}}} stands in the host of the link.", "Use {answers.…} there, or a fixed host."
            return
