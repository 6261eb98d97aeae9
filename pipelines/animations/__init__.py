"""Animated pictures: GIF, animated WebP and APNG."""
