"""How far a run is, for eyes and for Prometheus: a bar, and figures that Ray's metrics agents hand out."""

import time
from collections.abc import Mapping
from typing import Any


class ProgressBar:
    """A bar by bytes, where there is a terminal, and gauges by Ray.

    Args:
        size: bytes to do.
        files: files to do.
    """

    def __init__(self, size: int, files: int):
        from ray.util.metrics import Gauge
        from tqdm import tqdm

        self._bar: Any = tqdm(total=size, unit="B", unit_scale=True, disable=None)
        self._files = files
        self._began = time.monotonic()
        self._bytes = Gauge("colorgan_archive_bytes", "Bytes of the originals that are done.")
        self._states = Gauge("colorgan_archive_files", "Files by what became of them.", ("state",))
        self._film = Gauge("colorgan_archive_film_seconds", "Seconds of film that are coloured, in this run.")

    def __call__(self, size: float, counts: Mapping[str, int], film_seconds: float) -> None:
        """Shows what is done: bytes, files by state, seconds of film."""
        self._bar.set_postfix_str(self._text(counts, film_seconds), refresh=False)
        self._bar.update(size - self._bar.n)
        self._bytes.set(size)
        self._film.set(film_seconds)
        for state, count in counts.items():
            self._states.set(count, {"state": state})

    def _text(self, counts: Mapping[str, int], film_seconds: float) -> str:
        minutes = max(time.monotonic() - self._began, 1e-9) / 60
        done, film = sum(counts.values()), film_seconds / 60
        text = f"{done} of {self._files} files, {done / minutes:.0f} a minute"
        if film:
            text += f"; {film:.1f} film minutes, {film / minutes:.2f} a minute"
        return text + (f"; {counts['failed']} failed" if counts["failed"] else "")

    def close(self) -> None:
        """Ends the bar."""
        self._bar.close()
