"""What the window knows, without Qt: the files of one run, their queue, how they look."""
