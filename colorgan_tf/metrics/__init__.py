"""Measures as pure functions: of pictures and of films."""
