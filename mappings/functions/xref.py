"""XREF."""

LAZY = True  # the compiler writes it in place: it reads the batch's snapshot of the cross-references


def XREF(entity: str, identifier: object, connection: object = None, *, default: object = None) -> object:
    """Translate an id by the cross-references: on the way in to our key, on the way out to the other system's id.

    The entity is a text such as "project". The connection is the record's own unless a third argument names another,
    by its short name, that you may see.
    Without a cross-reference the record waits until the other record has arrived, unless `default:` is given.

    >>> XREF("project", project.id)
    "P-881"
    """
    raise NotImplementedError
