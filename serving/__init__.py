"""The model in use: a server and its client, the jobs behind a user interface, a website and a desktop window."""
