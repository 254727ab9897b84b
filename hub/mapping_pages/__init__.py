"""Pages on which people make mappings: as a table of fields with a sample's values beside it, and through versions."""
