"""Figures for Prometheus at /metrics: some are counted by the processes as they work, some are read from the database.

Off, and not even loaded, unless METRICS_TOKEN is set. Labels only hold names that the hub or its configuration bounds.
"""
