"""Dates and times in the admin as on our own pages: 2026-11-25 01:58, in the order that nobody misreads."""

DATE_FORMAT = SHORT_DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "Y-m-d H:i"
TIME_FORMAT = "H:i"
