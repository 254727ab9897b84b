"""The HTTP doors of connections and their streams. No secret ever leaves through them."""
