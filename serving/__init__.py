"""The model behind a network: signatures, server, client and doors."""
