"""The website: drop a picture, an animation or a film, watch it gain colour, keep the result."""
