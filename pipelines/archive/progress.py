"""How far a run is, for eyes and for Prometheus: a bar, and figures that Ray's metrics agents hand out."""

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
        self._bytes = Gauge("colorgan_archive_bytes", "Bytes of the originals that are done.")
        self._states = Gauge("colorgan_archive_files", "Files by what became of them.", ("state",))
        self._film = Gauge("colorgan_archive_film_seconds", "Seconds coloured of films that are in work.")

    def __call__(self, size: float, counts: Mapping[str, int], film_seconds: float) -> None:
        """Shows what is done."""
        failed = f", {counts['failed']} failed" if counts["failed"] else ""
        files = f"{sum(counts.values())} of {self._files} files{failed}"
        self._bar.set_postfix_str(f"{files}, {film_seconds / 60:.1f} film minutes in work", refresh=False)
        self._bar.update(size - self._bar.n)
        self._bytes.set(size)
        self._film.set(film_seconds)
        for state, count in counts.items():
            self._states.set(count, {"state": state})

    def close(self) -> None:
        """Ends the bar."""
        self._bar.close()
