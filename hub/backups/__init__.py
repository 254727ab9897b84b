"""Backups: the whole database of one moment in one file, checked by digests, and its way back."""
