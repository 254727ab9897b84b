"""The project: settings, urls, Celery, the shell and the supervisor. Imports all, imported by none."""
