"""The folder of a run belongs to one configuration and one set of pictures: claimed at the start, checked on resume."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from colorgan_tf import config as config_lib
from colorgan_tf.errors import InputError
from colorgan_tf.inference import model_files, run_files
from pipelines.data import dataset
from pipelines.media import writing


def store_configuration(workdir: Path, config: config_lib.Config) -> None:
    """Stores the configuration in a new workdir.

    Raises:
        InputError: if the workdir cannot be written.
    """
    stored_path = workdir / run_files.CONFIG
    try:
        if not stored_path.exists():
            workdir.mkdir(parents=True, exist_ok=True)
            writing.write_text(stored_path, config_lib.to_json(config))
    except OSError as error:
        raise InputError(f"`workdir` must be a folder that can be written. Received: {error}.") from error


def check_data(workdir: Path, source: dataset.Source, start: str | Path | None = None) -> None:
    """Checks that a run is resumed with what it began with: pictures, whose order its position stands for, and weights.

    Raises:
        InputError: if it began with others.
    """
    given = {"pictures": source.count, "fingerprint": source.fingerprint}
    if start is not None:
        given["start"] = model_files.identity(start)
    path = workdir / run_files.DATA
    if not path.exists():
        writing.write_text(path, json.dumps(given) + "\n")
        return
    stored = json.loads(path.read_text())
    if stored.get("start") != given.get("start"):
        raise InputError(
            f"The run in {workdir} must be resumed with the `start` that it began with. "
            f"Received: start={start}. Use another --workdir for this."
        )
    if stored != given:
        raise InputError(
            f"The run in {workdir} must be resumed with the data that it began with ({stored['pictures']} pictures). "
            f"Received: other data ({source.count} pictures). Use another --workdir for these."
        )


def check_configuration(workdir: Path, config: config_lib.Config) -> None:
    """Checks that a workdir is new, or that its configuration is this one.

    Raises:
        InputError: naming the first option that differs.
    """
    stored_path = workdir / run_files.CONFIG
    if not stored_path.exists():
        return
    stored = _flat(dataclasses.asdict(config_lib.load(stored_path)))
    asked = _flat(dataclasses.asdict(config))
    free = ("runtime.checkpoint_every", "runtime.log_every", "runtime.strategy")
    for name in sorted(stored.keys() | asked.keys()):
        if name not in free and stored.get(name) != asked.get(name):
            raise InputError(
                f"The run in {workdir} has {name}={stored.get(name)}. Received: {name}={asked.get(name)}. "
                "Use the same options to resume it, or another --workdir."
            )


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        elif isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
            for index, item in enumerate(value):
                flat |= _flat(item, f"{prefix}{name}.{index}.")
        else:
            flat[prefix + name] = value
    return flat
