"""The shell's own pages: connections, lanes and workers, and the gallery of components."""
