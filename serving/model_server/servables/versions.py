"""Which versions of a model lie on disk, and which of them its policy wants served."""

from collections.abc import Iterable
from typing import TypeAlias

import tensorflow as tf
from absl import logging
from tensorflow_serving.config import file_system_storage_path_source_pb2, model_server_config_pb2

from serving.model_server import statuses

ModelConfig: TypeAlias = model_server_config_pb2.ModelConfig
Policy: TypeAlias = file_system_storage_path_source_pb2.FileSystemStoragePathSourceConfig.ServableVersionPolicy
PLATFORM = "tensorflow"
_MAX_VERSION = 2**63 - 1


def single_model(name: str, base_path: str) -> model_server_config_pb2.ModelServerConfig:
    """Returns the configuration of one model with the default policy, as --model_name and --model_base_path mean it."""
    config = model_server_config_pb2.ModelServerConfig()
    config.model_config_list.config.add(name=name, base_path=base_path, model_platform=PLATFORM)
    return config


def _is_relative(path: str) -> bool:
    return "://" not in path and not path.startswith("/")


def platform(config: ModelConfig) -> str:
    """Returns a model's platform, by the old field or the new one.

    Raises:
        ServingError: INVALID_ARGUMENT: none is given, both are, or the old field holds something else.
    """
    if config.model_type:
        if config.model_platform:
            raise statuses.invalid_argument(
                "Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform."
            )
        if config.model_type != model_server_config_pb2.TENSORFLOW:
            raise statuses.invalid_argument(f"ModelServerConfig::model_type choice {config.model_type} not supported.")
        return PLATFORM
    if not config.model_platform:
        raise statuses.invalid_argument(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform."
        )
    return config.model_platform


def check_configs(configs: Iterable[ModelConfig], before: dict[str, ModelConfig]) -> dict[str, ModelConfig]:
    """Checks a list of models as server_core.cc does.

    Args:
        configs: the new list.
        before: the models served now, by name.

    Returns:
        The new list, by name.

    Raises:
        ServingError: INVALID_ARGUMENT: a name comes twice, a path is relative, a platform is missing, unknown or
            changed.
    """
    models: dict[str, ModelConfig] = {}
    for config in configs:
        if config.name in models:
            raise statuses.invalid_argument(f"Illegal to list model {config.name} multiple times in config list")
        models[config.name] = config
    for name, config in models.items():
        if not name:
            raise statuses.no_model_name()
        if _is_relative(config.base_path):
            raise statuses.invalid_argument(
                f"Expected model {name} to have an absolute path or URI; got base_path()={config.base_path}"
            )
        wanted = platform(config)
        if name in before and platform(before[name]) != wanted:
            raise statuses.invalid_argument(
                f"Illegal to change a model's platform. For model {name} platform was {platform(before[name])} "
                f"and new platform requested is {wanted}"
            )
        if wanted != PLATFORM:
            raise statuses.invalid_argument(
                f"Config for model {name} specifies an unsupported platform: {wanted}. Only {PLATFORM} is served here"
            )
    return models


def parse_versions(names: Iterable[str]) -> dict[int, str]:
    """Picks the version folders out of a folder's entries.

    Args:
        names: entries such as `1`, `00000123`, `1.tmp`. What is not a decimal number is ignored, so that a version can
            be written under another name first and appear by rename.

    Returns:
        Version to entry. Where two entries mean the same number, the last in alphabetical order counts.
    """
    found: dict[int, str] = {}
    for name in sorted(names):
        entry = name.rstrip("/")  # object stores list folders with a slash
        if not (entry.isascii() and entry.isdigit()) or int(entry) > _MAX_VERSION:
            continue
        if int(entry) in found:
            logging.warning("Duplicate version directories detected. Version %s: %s is used.", int(entry), entry)
        found[int(entry)] = entry
    return found


def list_versions(base_path: str) -> dict[int, str]:
    """Returns version to folder of what lies under a model's base path, local or of an object store.

    Raises:
        tf.errors.OpError: the base path does not exist or cannot be listed.
    """
    found = parse_versions(tf.io.gfile.listdir(base_path))
    paths = {version: f"{base_path.rstrip('/')}/{entry}" for version, entry in found.items()}
    return {version: path for version, path in paths.items() if tf.io.gfile.isdir(path)}


def aspired(found: Iterable[int], policy: Policy) -> list[int]:
    """Returns the versions that the policy wants served, newest first.

    Args:
        found: versions on disk.
        policy: `latest {num_versions: n}` (default, n = 1), `all {}` or `specific {versions: ..}`.
    """
    newest_first = sorted(found, reverse=True)
    choice = policy.WhichOneof("policy_choice")
    if choice == "all":
        return newest_first
    if choice == "specific":
        wanted = set(policy.specific.versions)
        return [version for version in newest_first if version in wanted]
    return newest_first[: policy.latest.num_versions or 1]
