"""Singing over HTTP: the public, versioned API that the studio, editors and programs use."""
