"""A plain time source and a fast write target for chaos and benchmark runs; no vendor's protocol."""
