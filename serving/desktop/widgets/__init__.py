"""Widgets: the parts of the window, each without knowledge of the others' work."""
