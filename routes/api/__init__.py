"""The HTTP doors of the switchboard: business events in, and what became of them."""
