"""The hub's own words for business records.

Plain Python: knows no Django, no vendor and does no input or output.
"""
