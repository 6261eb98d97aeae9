"""The state of one run, without Qt: its files, their queue, their previews."""
