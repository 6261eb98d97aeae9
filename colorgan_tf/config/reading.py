"""Configurations from text: JSON, also that of earlier versions, and `group.option=value` assignments."""

import dataclasses
import functools
import json
import math
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorgan_tf.config.options import Config
from colorgan_tf.errors import InputError

if TYPE_CHECKING:
    import cattrs

# What the decoding's options were called when they stood among those of the loss. The gamma was less by 1.
_DECODING_OF_LOSS = {
    "temperature": "temperature",
    "correction": "logit_adjustment",
    "gain": "chroma_gain",
    "contrast": "chroma_gamma",
    "doubt": "uncertainty_exponent",
    "sharpen": "unsharp_mask",
}


def to_json(config: Config) -> str:
    """Returns the configuration as JSON text."""
    return json.dumps(dataclasses.asdict(config), indent=2) + "\n"


def from_json(text: str) -> Config:
    """Reads what `to_json` wrote, in this version or an earlier one.

    Raises:
        InputError: if the text is not a configuration.
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise InputError(f"A configuration written by this version is expected. Received: {error}.") from error
    return from_dict(values)


def from_dict(values: Any) -> Config:
    """Reads a configuration from plain values, as JSON holds them.

    Raises:
        InputError: if they are not a configuration of this version or an earlier one.
    """
    try:
        return _structured(_migrated(values))
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"A configuration written by this version is expected. Received: {error}.") from error


def load(path: str | Path) -> Config:
    """Reads a run's `config.json`."""
    return from_json(Path(path).read_text())


def override(config: Config, assignments: Sequence[str]) -> Config:
    """Applies `group.option=value` assignments, for example `model.filters=32` or `phases.0.steps=100`.

    Raises:
        InputError: for an unknown option or a value that does not fit it.
    """
    for assignment in assignments:
        path, separator, text = assignment.partition("=")
        if not separator:
            raise InputError(f"`set` must look like group.option=value. Received: {assignment}.")
        values = dataclasses.asdict(config)
        *groups, option = path.split(".")
        group: Any = values
        for name in groups:
            group = _member(group, name, assignment)
        _member(group, option, assignment)
        if isinstance(group, tuple):
            raise InputError(f"`set` must name one of {len(group)} phases by number. Received: {assignment}.")
        try:
            group[option] = json.loads(text)
        except ValueError:
            group[option] = text  # a bare word
        try:
            config = _structured(values)
        except (ValueError, TypeError, AttributeError) as error:
            raise InputError(f"`{option}` cannot take this value: {error}. Received: {assignment}.") from error
    return config


def _member(group: Any, name: str, assignment: str) -> Any:
    if isinstance(group, tuple):
        if not name.isdigit() or int(name) >= len(group):
            raise InputError(f"`set` must name one of {len(group)} phases by number. Received: {assignment}.")
        return group[int(name)]
    if not isinstance(group, dict) or name not in group:
        names = ", ".join(group) if isinstance(group, dict) else "the options, which have no parts"
        moved = _DECODING_OF_LOSS.get(assignment.partition("=")[0].removeprefix("loss."))
        hint = f" It is `decoding.{moved}` now{', and 1 more' if name == 'contrast' else ''}." if moved else ""
        raise InputError(f"`set` must name one of {names}. Received: {assignment}.{hint}")
    return group[name]


def _migrated(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the values of an earlier version's configuration as those of this one."""
    loss, optimizer = dict(values.get("loss", {})), dict(values.get("optimizer", {}))
    decoding = {new: loss.pop(old) for old, new in _DECODING_OF_LOSS.items() if old in loss}
    if "chroma_gamma" in decoding:
        decoding["chroma_gamma"] += 1.0
    if optimizer.get("beta_2") == 0.999:  # which is no longer an option
        del optimizer["beta_2"]
    return values | {"loss": loss, "decoding": decoding | values.get("decoding", {}), "optimizer": optimizer}


def _structured(values: dict[str, Any]) -> Config:
    from cattrs.errors import ForbiddenExtraKeysError

    try:
        return _converter().structure(values, Config)
    except ForbiddenExtraKeysError as error:
        raise ValueError(f"unknown option {', '.join(sorted(error.extra_fields))}") from error


@functools.cache
def _converter() -> "cattrs.Converter":
    import cattrs  # late, here and above: it takes longer than all else that --help needs

    def checked(value: Any, kind: type) -> Any:
        if issubclass(kind, StrEnum):
            fits, what = value in list(kind), f"one of {', '.join(kind)}"
        else:
            fits, what = checks[kind][0](value), checks[kind][1]
        if not fits:
            raise ValueError(f"{value!r} is not {what}")
        return kind(value)

    # Python's own conversions would take True for 1 and "3" for 3.
    checks: dict[type, tuple[Callable[[Any], bool], str]] = {
        bool: (lambda value: isinstance(value, bool), "true or false"),
        int: (lambda value: type(value) is int, "a whole number"),
        float: (lambda value: type(value) in (int, float) and math.isfinite(value), "a number"),
        str: (lambda value: isinstance(value, str), "a word"),
    }
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=False)
    for kind in checks:
        converter.register_structure_hook(kind, checked)
    return converter
