"""Ways to sign in: static headers, tokens that are fetched and renewed, requests that are signed one by one."""
