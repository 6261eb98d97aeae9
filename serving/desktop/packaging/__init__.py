"""Builds the desktop program as a folder that runs without Python."""
