"""Colouring arrays: the Colorizer, the back ends that run a network, and the colour finish."""
