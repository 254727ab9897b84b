"""Passwords of tests: hashed as the hub's own are, but once instead of a million times."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class Quick(PBKDF2PasswordHasher):
    """The first of Django's hashers, without what makes guessing slow."""

    iterations = 1
