"""The version of the project: stated here alone, read by `pyproject.toml`, `colorgan --version` and the API."""

__version__ = "1.0.0"
