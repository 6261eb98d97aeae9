"""Commands that print the project's speed and memory figures."""
