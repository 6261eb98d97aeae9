"""The networks: generators, discriminators, and what their outputs mean. Knows nothing of training or files."""
