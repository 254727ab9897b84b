"""Reads pages, writes, looks up and tests, for any system that a manifest describes. Runs on the loop's thread."""

from connectors.engine.facade import Engine

__all__ = ["Engine"]
