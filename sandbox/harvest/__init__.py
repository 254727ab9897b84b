"""Harvest API v2 with memory: what the official documentation says it answers, refuses and hides."""
