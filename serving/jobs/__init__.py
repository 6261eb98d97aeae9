"""Jobs: files that wait to be coloured, and the workers that colour them. For the website and the desktop program.

Nothing here knows Flask, Qt or Prometheus.
"""
