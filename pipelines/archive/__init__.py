"""A whole archive on many machines: stills in batches, films in pieces, over a Ray cluster."""
