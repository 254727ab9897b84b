"""The HTTP doors of tables, cross-references and mappings."""
