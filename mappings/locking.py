"""Take a lookup table for a change: as it is now, kept from other writers until the commit."""

from mappings.models import LookupTable


class TableGone(ValueError):  # reads as what happened
    """A table has been deleted meanwhile; the message says where its rows are read still."""


def locked(table: LookupTable) -> LookupTable:
    """Return a table as it is now. Raises TableGone."""
    found = LookupTable.objects.select_related("legal_entity").select_for_update(of=("self",)).filter(pk=table.pk)
    row = found.first()
    if row is None:
        raise TableGone(
            f"Somebody has deleted {table} meanwhile, so it takes no changes. Its page still shows its rows."
        )
    return row
