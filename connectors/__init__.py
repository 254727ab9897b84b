"""Talking to systems: manifests, the HTTP engine, connections, credentials and the breaker."""
