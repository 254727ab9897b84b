"""The rows of mappings, by subject."""

from mappings.models.cross_reference import CrossReference
from mappings.models.lookup import Approval, LookupTable, TableRow
from mappings.models.mapping import Mapping

__all__ = ["Approval", "CrossReference", "LookupTable", "Mapping", "TableRow"]
