"""Talking to systems: manifests, connections, credentials and the HTTP engine. Knows no vendor and no route."""
