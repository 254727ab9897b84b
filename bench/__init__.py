"""Measurements that the product states its capacity from; each module has `run() -> dict`."""
