"""The studio: one local page to write, hear and shape a song, and the projects it keeps."""
