"""Pages on which people keep lookup tables, rate cards and cross-references."""
