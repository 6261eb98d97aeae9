"""What all kinds of media share."""
