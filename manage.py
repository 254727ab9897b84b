#!/usr/bin/env python
"""Runs Django's commands with the hub's settings."""

import os
import sys

from hub import bytecode

if __name__ == "__main__":
    bytecode.keep()
    from django.core.management import execute_from_command_line

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        from hub import unanswered

        words = "" if "--traceback" in sys.argv else unanswered.words(error)
        if not words:
            raise
        sys.exit(f"CommandError: {words}")
