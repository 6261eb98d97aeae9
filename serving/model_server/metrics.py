"""TensorFlow Serving's metrics, under its names, for Prometheus."""

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

_PREFIX = ":tensorflow:serving:"
# monitoring::Buckets::Exponential(10, 1.8, 33), in microseconds: 10 us to 20 minutes.
_LATENCY = tuple(10 * 1.8**i for i in range(33))
_QUEUING = tuple(100 * 1.2**i for i in range(52))
_EXAMPLES = tuple(2.0**i for i in range(15))


class Metrics:
    """The metrics of one server, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._counters: list[str] = []
        self.request_count = self._counter("request_count", "The total number of requests.", "model_name", "status")
        self.request_latency = self._histogram(
            "request_latency",
            "Distribution of wall time (in microseconds) for Tensorflow Serving request.",
            _LATENCY,
            "model_name",
            "API",
            "entrypoint",
        )
        self.runtime_latency = self._histogram(
            "runtime_latency",
            "Distribution of wall time (in microseconds) for Tensorflow runtime.",
            _LATENCY,
            "model_name",
            "API",
            "runtime",
        )
        self.queuing_latency = self._histogram(
            "batching_session:queuing_latency",
            "Distribution of wall time spent (in microseconds) in queuing",
            _QUEUING,
            "thread_pool_name",
        )
        self.wrapped_run_count = self._counter(
            "batching_session:wrapped_run_count", "Total count of run calls on the wrapped session"
        )
        self.warmup_latency = self._histogram(
            "model_warmup_latency",
            "Distribution of wall time (in microseconds) for warming up the model.",
            _LATENCY,
            "model_path",
            "status",
        )
        self.warmup_records = self._counter(
            "model_warmup_records_read", "The total number of warm-up records read.", "model_path"
        )
        self.example_counts = self._histogram(
            "request_example_counts", "The number of tensorflow.Examples per request.", _EXAMPLES, "model"
        )
        self.example_total = self._counter(
            "request_example_count_total", "The total number of tensorflow.Examples.", "model"
        )

    def _counter(self, name: str, text: str, *labels: str) -> Gauge:
        # prometheus_client appends `_total` to every counter's name, which TensorFlow Serving does not: a gauge keeps
        # the name, and `page` gives it its type back.
        self._counters.append(_PREFIX + name)
        return Gauge(_PREFIX + name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(_PREFIX + name, text, labels, buckets=buckets, registry=self.registry)

    def page(self) -> bytes:
        """Returns the page in Prometheus' text format."""
        text = generate_latest(self.registry).decode()
        for name in self._counters:
            text = text.replace(f"# TYPE {name} gauge", f"# TYPE {name} counter")
        return text.encode()
