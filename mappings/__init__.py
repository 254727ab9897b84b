"""Turning records into canonical ones and back: formulas, rules, tables and cross-references."""
