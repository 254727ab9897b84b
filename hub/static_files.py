"""Style sheets, scripts and pictures under names that hold a digest of what is in them, compressed beforehand.

Browsers may keep such a file for ever: what changes gets another name. The names are in a list that `prepare` writes.
"""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # the package has no types
    """Gives the plain name of what is not in the list: a page without its style is better than none."""

    def stored_name(self, name: str) -> str:
        """Return the name under which a file is served."""
        listed = self.hashed_files.get(self.hash_key(self.clean_name(name)))
        return str(listed) if listed else str(name)
