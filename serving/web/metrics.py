"""Figures for whoever runs the website, in the form that Prometheus reads."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200)


class Metrics:
    """Counters of one website."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._files = Counter("colorgan_web_files", "Files worked on.", ["kind", "state"], registry=self._registry)
        self._seconds = Histogram(
            "colorgan_web_seconds", "Time a file took.", ["kind"], buckets=_SECONDS, registry=self._registry
        )
        self._answers = Counter("colorgan_web_answers", "Answers to requests.", ["status"], registry=self._registry)
        self._waiting = Gauge("colorgan_web_waiting", "Files that wait.", registry=self._registry)
        self._kept = Gauge("colorgan_web_kept_bytes", "Bytes of originals and results.", registry=self._registry)

    def finished(self, kind: str, state: str, seconds: float) -> None:
        """Counts a file."""
        self._files.labels(kind, state).inc()
        self._seconds.labels(kind).observe(seconds)

    def answered(self, status: int) -> None:
        """Counts an answer."""
        self._answers.labels(str(status)).inc()

    def text(self, waiting: int, kept: int) -> bytes:
        """Returns all figures."""
        self._waiting.set(waiting)
        self._kept.set(kept)
        return generate_latest(self._registry)
