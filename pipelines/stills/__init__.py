"""Still pictures: read with all that is in the file, coloured, and written back."""
