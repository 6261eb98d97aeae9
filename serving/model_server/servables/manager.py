"""The life of the served versions: found on disk, loaded, available, unloaded; with policies, labels and retries.

One thread looks at the disk and loads and unloads, so that steps never cross; callers only look things up. As
TensorFlow Serving's AvailabilityPreservingPolicy: a new version is available before an old one goes, and the last
available version of a model stays until another one is available, whatever happens on disk.
"""

import contextlib
import gc
import threading
import time
from collections.abc import Callable, Iterator

import tensorflow as tf
from absl import logging
from grpc import StatusCode
from tensorflow_serving.apis import model_pb2
from tensorflow_serving.config import model_server_config_pb2

from colorgan_tf.errors import ServingError
from serving.model_server import memory, statuses
from serving.model_server.servables import versions
from serving.model_server.servables.lifecycle import Entry, Lifecycle, State, VersionStatus
from serving.model_server.servables.saved_model import LoadedVersion

# So many unloaded versions stay in the status. With all of them, a server that swaps often would grow for ever.
_KEPT_ENDED = 20


class Servables:
    """All models of a server."""

    def __init__(self, load: Callable[[str, int, str], LoadedVersion], lifecycle: Lifecycle):
        """Creates it without models; `configure` gives it some and `start` begins to load.

        Args:
            load: loads a version from (model, number, folder), warm-up included; its errors show in the status.
            lifecycle: see there.
        """
        self._load = load
        self._lifecycle = lifecycle
        self._changed = threading.Condition(threading.RLock())
        self._configs: dict[str, versions.ModelConfig] = {}
        self._aspired: dict[str, list[int]] = {}
        self._entries: dict[str, dict[int, Entry]] = {}
        self._listeners: list[Callable[[bool], object]] = []
        self._complaints: dict[str, str] = {}
        self._poll_now = False
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="servables", daemon=True)

    # === Configuration ===

    def configure(self, config: model_server_config_pb2.ModelServerConfig, first: bool = False) -> set[str]:
        """Replaces the whole configuration, or leaves all as it is.

        Args:
            config: the new configuration.
            first: at start, when nothing is loaded, labels may wait for their versions.

        Returns:
            The names of models that were not configured before.

        Raises:
            ServingError: the configuration is not valid (see `versions.check_configs`), or a label points to a version
                that is not available.
        """
        with self._changed:
            models = versions.check_configs(config.model_config_list.config, self._configs)
            if not first:
                for model in models.values():
                    self._check_labels(model)
            new = set(models) - set(self._configs)
            self._configs = models
            self._poll_now = True
            self._changed.notify_all()
            return new

    def _check_labels(self, model: versions.ModelConfig) -> None:
        before = self._configs.get(model.name)
        for label, version in model.version_labels.items():
            moved = before is not None and before.version_labels.get(label, version) != version
            if self._lifecycle.allow_labels_for_unavailable and not moved:
                continue
            entry = self._entries.get(model.name, {}).get(version)
            if entry is None or entry.state != State.AVAILABLE:
                raise statuses.failed_precondition(
                    f"Request to assign label to version {version} of model {model.name}, "
                    "which is not currently available for inference"
                )

    def reload(self, config: model_server_config_pb2.ModelServerConfig, timeout: float | None) -> None:
        """Replaces the configuration and waits until its new models are available (HandleReloadConfigRequest).

        Args:
            config: the new configuration.
            timeout: seconds to wait at most; None for no limit.

        Raises:
            ServingError: INVALID_ARGUMENT, FAILED_PRECONDITION: see `configure`. NOT_FOUND: a new model's folder is
                missing or holds no version. UNKNOWN: a new model could not be loaded. DEADLINE_EXCEEDED.
        """
        for model in versions.check_configs(config.model_config_list.config, self._configs).values():
            if model.name not in self._configs and not self._find(model):
                raise statuses.not_found(_no_versions(model))
        new = self.configure(config)

        def settled() -> bool:
            return all(name not in self._configs or self._newest_settled(name) for name in new)

        if not self.wait_for(settled, timeout):
            raise statuses.deadline_exceeded()
        with self._changed:
            failed = [text for name in sorted(new) if (text := self._failure(name))]
        if failed:
            text = "".join(f"{{{text}}}, " for text in failed)
            raise ServingError(StatusCode.UNKNOWN, f"{len(failed)} model(s) did not become available: {{{text}}}")

    def _newest(self, name: str) -> tuple[int, Entry] | None:
        wanted = self._aspired.get(name)
        entry = self._entries.get(name, {}).get(wanted[0]) if wanted else None
        return (wanted[0], entry) if wanted and entry else None

    def _newest_settled(self, name: str) -> bool:
        newest = self._newest(name)
        return newest is not None and newest[1].state in (State.AVAILABLE, State.END)

    def _failure(self, name: str) -> str | None:
        newest = self._newest(name)
        if newest is None or newest[1].state == State.AVAILABLE:
            return None
        return f"{{name: {name} version: {newest[0]}}} due to error: {newest[1].error}"

    # === Look-up ===

    @contextlib.contextmanager
    def use(self, spec: model_pb2.ModelSpec) -> Iterator[LoadedVersion]:
        """Finds the version a request asks for, and keeps it from being unloaded meanwhile.

        Raises:
            ServingError: INVALID_ARGUMENT: no name, unknown label. NOT_FOUND: not available. UNAVAILABLE: the label's
                version is still loading, or the model's first one.
        """
        with self._changed:
            entry = self._resolve(spec)
            entry.in_use += 1
            loaded = entry.loaded
        try:
            assert loaded is not None
            yield loaded
        finally:
            with self._changed:
                entry.in_use -= 1
                if entry.state == State.UNLOADING:
                    self._changed.notify_all()

    def _resolve(self, spec: model_pb2.ModelSpec) -> Entry:
        if not spec.name:
            raise statuses.no_model_name()
        entries = self._entries.get(spec.name, {})
        choice = spec.WhichOneof("version_choice")
        if choice is None:
            available = [version for version, entry in entries.items() if entry.state == State.AVAILABLE]
            if not available:
                raise self._not_available(spec.name)
            return entries[max(available)]
        version = spec.version.value
        if choice == "version_label":
            config = self._configs.get(spec.name)
            if config is None or spec.version_label not in config.version_labels:
                raise statuses.unknown_label(spec.version_label)
            version = config.version_labels[spec.version_label]
        entry = entries.get(version)
        if entry is not None and entry.state == State.AVAILABLE:
            return entry
        if choice == "version_label" and (entry is None or entry.state < State.AVAILABLE):
            raise statuses.label_not_ready(spec.version_label)
        raise self._not_available(spec.name, version)

    def _not_available(self, name: str, version: int | None = None) -> ServingError:
        states = [(entry.state, entry.attempts) for entry in self._entries.get(name, {}).values()]
        first = any(state < State.AVAILABLE and not attempts for state, attempts in states)
        if first and all(state != State.AVAILABLE for state, _ in states):
            return statuses.still_loading(name)
        return statuses.servable_not_found(name, version)

    def statuses(self, name: str, version: int | None = None) -> list[VersionStatus]:
        """Returns the states of a model's versions, newest first, or of one of them.

        Raises:
            ServingError: NOT_FOUND.
        """
        with self._changed:
            entries = self._entries.get(name, {})
            if version is not None and version not in entries:
                raise statuses.no_such_version(name, version)
            if not entries:
                raise statuses.no_versions(name)
            chosen = sorted(entries, reverse=True) if version is None else [version]
            return [VersionStatus(number, entries[number].state, entries[number].error) for number in chosen]

    def is_configured(self, name: str) -> bool:
        """Returns whether there is such a model, loaded or not."""
        return name in self._configs

    def ready(self) -> bool:
        """Returns whether there are models, and each has an available version."""
        with self._changed:
            return bool(self._configs) and all(
                any(entry.state == State.AVAILABLE for entry in self._entries.get(name, {}).values())
                for name in self._configs
            )

    def on_change(self, listener: Callable[[bool], object]) -> None:
        """Calls `listener(ready())` after each change of a state."""
        self._listeners.append(listener)

    def wait_for(self, condition: Callable[[], bool], timeout: float | None) -> bool:
        """Waits until a condition on the states holds; returns False when the time is over."""
        with self._changed:
            return self._changed.wait_for(lambda: self._stopping or condition(), timeout)

    # === The one thread that loads and unloads ===

    def start(self) -> None:
        """Looks at the disk once, so that callers learn at once which versions will be loaded, and begins to load."""
        if self._lifecycle.poll_wait_seconds >= 0:
            self._poll_now = False
            self._poll_safely()
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread. What is loaded stays usable for requests that still run."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        next_poll = time.monotonic()
        while not self._stopping:
            with self._changed:
                poll, self._poll_now = self._poll_now, False
            wait = self._lifecycle.poll_wait_seconds
            try:
                if wait >= 0 and (poll or (wait > 0 and time.monotonic() >= next_poll)):
                    next_poll = time.monotonic() + wait
                    self._poll_safely()
                while not self._stopping and self._step():
                    pass
            except Exception:  # noqa: BLE001 - without this thread no version would ever be loaded again
                logging.exception("Loading or unloading failed; the server goes on")
            due = [next_poll] if wait > 0 else []
            with self._changed:
                due += [e.retry_at for entries in self._entries.values() for e in entries.values() if e.retry_at]
                if not self._stopping and not self._poll_now and not self._drained():
                    self._changed.wait(max(0.0, min(due) - time.monotonic()) if due else None)

    def _find(self, model: versions.ModelConfig) -> dict[int, str]:
        """Returns version to folder of what the policy wants; raises NOT_FOUND where there is no such base path."""
        try:
            found = versions.list_versions(model.base_path)
        except tf.errors.OpError as error:
            raise statuses.not_found(
                f"Could not find base path {model.base_path} for servable {model.name} with error {error.message}"
            ) from error
        return {version: found[version] for version in versions.aspired(found, model.model_version_policy)}

    def _poll_safely(self) -> None:
        try:
            self._poll()
        except Exception:  # noqa: BLE001 - the thread must go on looking
            logging.exception("Looking for versions failed; the server goes on")

    def _poll(self) -> None:
        for name, model in list(self._configs.items()):
            try:
                found = self._find(model)
                complaint = "" if found else _no_versions(model)
            except ServingError as error:
                found, complaint = {}, error.text
            if complaint and self._complaints.get(name) != complaint:
                logging.warning("%s", complaint)
            self._complaints[name] = complaint
            if not found:  # keep what is served: an empty folder is more often a fault or a moment's gap than meant
                continue
            with self._changed:
                self._aspired[name] = list(found)
                entries = self._entries.setdefault(name, {})
                for version, path in found.items():
                    entry = entries.get(version)
                    if entry is None or (entry.state == State.END and not entry.given_up):
                        entries[version] = Entry(path)
                for version, entry in entries.items():
                    if version not in found:
                        entry.given_up = False
        with self._changed:
            for name in set(self._aspired) - set(self._configs):
                del self._aspired[name]
                for entry in self._entries[name].values():
                    entry.given_up = False

    def _step(self) -> bool:
        """Loads or unloads one version; returns False when nothing is due."""
        with self._changed:
            now = time.monotonic()
            for name, entries in self._entries.items():
                wanted = self._aspired.get(name, [])
                for version in wanted:  # newest first
                    entry = entries[version]
                    if entry.state < State.AVAILABLE and entry.retry_at <= now:
                        break
                else:
                    continue
                break
            else:
                return self._retire()
        self._try_load(name, version, entry)
        return True

    def _try_load(self, name: str, version: int, entry: Entry) -> None:
        self._set(entry, State.LOADING, entry.error)
        logging.info("Loading servable version {name: %s version: %d}", name, version)
        try:
            loaded = self._load(name, version, entry.path)
        except Exception as error:  # noqa: BLE001 - the other versions are served, whatever is wrong with this one
            failed = error if isinstance(error, ServingError) else ServingError(StatusCode.UNKNOWN, str(error))
            entry.attempts += 1
            logging.error("Loading servable: {name: %s version: %d} failed: %s", name, version, failed)
            if entry.attempts > self._lifecycle.max_num_load_retries:
                entry.retry_at, entry.given_up = 0.0, True
                self._set(entry, State.END, failed)
            else:
                entry.retry_at = time.monotonic() + self._lifecycle.load_retry_interval_seconds
                self._set(entry, State.LOADING, failed)
            return
        entry.loaded, entry.retry_at = loaded, 0.0
        self._set(entry, State.AVAILABLE, None)
        logging.info("Successfully loaded servable version {name: %s version: %d}", name, version)

    def _retire(self) -> bool:
        """Takes one version that is no longer wanted to its next state: unloading, or ended."""
        for name, entries in self._entries.items():
            wanted = self._aspired.get(name, [])
            replaced = name not in self._configs or any(entries[v].state == State.AVAILABLE for v in wanted)
            for version, entry in entries.items():
                if entry.state == State.UNLOADING and not entry.in_use:
                    entry.loaded = None
                    self._set(entry, State.END, None)
                    gc.collect()  # functions and variables of a SavedModel refer to each other in circles
                    memory.give_back()
                    logging.info("Done unloading servable version {name: %s version: %d}", name, version)
                    self._poll_now |= version in wanted  # configured again while it was being unloaded
                    self._forget(name)
                    return True
                if version in wanted:
                    continue
                if entry.state == State.AVAILABLE and replaced:
                    self._set(entry, State.UNLOADING, None)
                    return True
                if entry.state < State.AVAILABLE:
                    entry.retry_at = 0.0
                    self._set(entry, State.END, entry.error)
                    return True
        return False

    def _drained(self) -> bool:
        return any(
            entry.state == State.UNLOADING and not entry.in_use
            for entries in self._entries.values()
            for entry in entries.values()
        )

    def _forget(self, name: str) -> None:
        entries = self._entries[name]
        ended = sorted(v for v, e in entries.items() if e.state == State.END and v not in self._aspired.get(name, []))
        for version in ended[:-_KEPT_ENDED]:
            del entries[version]

    def _set(self, entry: Entry, state: State, error: ServingError | None) -> None:
        with self._changed:
            entry.state, entry.error = state, error
            self._changed.notify_all()
            ready = self.ready()
        for listener in self._listeners:
            listener(ready)


def _no_versions(model: versions.ModelConfig) -> str:
    return (
        f"No versions of servable {model.name} found under base path {model.base_path}. "
        "Did you forget to name your leaf directory as a number (eg. '/1/')?"
    )
