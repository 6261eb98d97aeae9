"""Motion: where shots begin, optical flow, and colour that is steady along it."""
