"""Animations: GIF, animated WebP and APNG, decoded, coloured and encoded."""
