"""What the window does when it is asked to."""
