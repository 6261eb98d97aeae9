"""The configuration of a training run: its options, presets, JSON in and out, and `--set` assignments."""

from colorgan_tf.config.options import (
    Backend,
    Config,
    Data,
    Decoding,
    Degradation,
    DiscriminatorName,
    EncoderTraining,
    GeneratorName,
    HeadName,
    Loss,
    Model,
    Normalization,
    Optimizer,
    Phase,
    Precision,
    Runtime,
    Strategy,
    TrainedPart,
)
from colorgan_tf.config.presets import PRESETS, preset
from colorgan_tf.config.reading import from_dict, from_json, load, override, to_json
from colorgan_tf.config.validation import validate

__all__ = [
    "PRESETS",
    "Backend",
    "Config",
    "Data",
    "Decoding",
    "Degradation",
    "DiscriminatorName",
    "EncoderTraining",
    "GeneratorName",
    "HeadName",
    "Loss",
    "Model",
    "Normalization",
    "Optimizer",
    "Phase",
    "Precision",
    "Runtime",
    "Strategy",
    "TrainedPart",
    "from_dict",
    "from_json",
    "load",
    "override",
    "preset",
    "to_json",
    "validate",
]
