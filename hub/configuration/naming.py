"""The names of things that people name as they like, for one company or for all: how they are kept apart, and told."""

APART = "\x1f"  # before the company's code, which holds none: what follows the last one


def written(name: str, company: str) -> str:
    """Return which thing it is by its name and its company's code, "" for all companies: no two of them are the same.

    Joined by a blank, “Large” of HP-DE and “Large HP-DE” of all companies would be.
    """
    return f"{name}{APART}{company}"


def spoken(name: str) -> str:
    """Return the name of a thing of any kind as people read it."""
    chosen, apart, company = name.rpartition(APART)
    return f"{chosen} of {company}" if apart and company else chosen or company


def addressed(name: str) -> str:
    """Return the name of a thing as addresses have it: the code of its company, where it has one, before its own."""
    chosen, _, company = name.rpartition(APART)
    return f"{company} {chosen}" if company and chosen else chosen or name
