"""What the operator may set by the environment: declared in one place, read in one go, refused in words."""
