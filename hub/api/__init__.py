"""The API as a whole: its document, its page for people, the schemas of what it carries, and what is on its way out."""
