"""The presets, one a file: what each is for, what it costs and what it reached stands in its first lines."""

from collections.abc import Mapping
from types import MappingProxyType

from colorgan_tf.config.options import Config
from colorgan_tf.config.presets import colorgan, finetune, hints, patent, patent_rgb, tiny
from colorgan_tf.errors import InputError

PRESETS: Mapping[str, Config] = MappingProxyType(
    {
        config.preset: config
        for config in (each.CONFIG for each in (patent, patent_rgb, colorgan, finetune, hints, tiny))
    }
)


def preset(name: str) -> Config:
    """Returns a preset by name.

    Raises:
        InputError: if there is none of that name.
    """
    if name not in PRESETS:
        raise InputError(f"`preset` must be one of {', '.join(PRESETS)}. Received: preset={name}.")
    return PRESETS[name]
