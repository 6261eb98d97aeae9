"""What the window does: open, show, save, ask; slow work runs in threads."""
