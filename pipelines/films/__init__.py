"""Films: decoded, coloured, steadied, encoded and joined with all else that is in the file."""
