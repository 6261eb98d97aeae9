"""Films: decoded, coloured, stabilized over time, encoded, and muxed with all else that is in the file."""
