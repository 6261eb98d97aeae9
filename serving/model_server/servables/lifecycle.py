"""The states of a served version, and the settings of its loading."""

from dataclasses import dataclass
from enum import IntEnum

from colorgan_tf.errors import ServingError
from serving.model_server.servables.saved_model import LoadedVersion


class State(IntEnum):
    """States with the numbers of `ModelVersionStatus.State`."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class Lifecycle:
    """How versions are looked for and loaded.

    Attributes:
        poll_wait_seconds: time between two looks at the disk; 0 for a single look, negative for none.
        max_num_load_retries: how often a failed load is tried again.
        load_retry_interval_seconds: time between tries.
        allow_labels_for_unavailable: new labels may point to versions that are not available yet.
    """

    poll_wait_seconds: float = 1.0
    max_num_load_retries: int = 5
    load_retry_interval_seconds: float = 60.0
    allow_labels_for_unavailable: bool = False


@dataclass(eq=False)
class Entry:
    """A version with all that is known of it; changed by `Servables` only, under its lock.

    Attributes:
        path: its folder.
        state: its state.
        error: why its load failed, None if it did not.
        loaded: what runs, while it is available or unloading.
        attempts: failed loads so far.
        retry_at: `time.monotonic()` of the next try; 0 for at once.
        in_use: requests that run on it now.
        given_up: failed for good; not tried again until it goes from the disk or the configuration and comes back.
    """

    path: str
    state: State = State.START
    error: ServingError | None = None
    loaded: LoadedVersion | None = None
    attempts: int = 0
    retry_at: float = 0.0
    in_use: int = 0
    given_up: bool = False


@dataclass(frozen=True)
class VersionStatus:
    """State of one version, with the reason if its load failed."""

    version: int
    state: State
    error: ServingError | None
