"""Which values of the options make sense together."""

from colorgan_tf.config.options import Config, GeneratorName, TrainedPart
from colorgan_tf.errors import InputError

# What the sides of the generator's input must be multiples of, and the output strides that it can have.
_SHAPES = {GeneratorName.UNET: (256, (1, 2, 4)), GeneratorName.EFFICIENT_UNET: (32, (2, 4))}


def validate(config: Config) -> Config:
    """Returns `config` if its values make sense together.

    Raises:
        InputError: with what must hold, and what came.
    """
    width, height = config.data.window
    multiple, strides = _SHAPES[config.model.generator]
    low, high = config.data.zoom or (1.0, 1.0)
    at_least_one = {
        "model.filters": config.model.filters,
        "model.discriminator_filters": config.model.discriminator_filters,
        "model.discriminator_levels": config.model.discriminator_levels,
        "data.shuffle_buffer": config.data.shuffle_buffer,
        "data.validation_pictures": config.data.validation_pictures,
        "batch": config.runtime.batch,
        "checkpoint_every": config.runtime.checkpoint_every,
        "runtime.log_every": config.runtime.log_every,
        **{f"phases.{number}.steps": phase.steps for number, phase in enumerate(config.phases)},
    }
    judged = min(width, height) // max(1, config.model.output_stride)
    rules = [
        *((value >= 1, f"`{name}` must be at least 1. Received: {value}.") for name, value in at_least_one.items()),
        (
            min(width, height) >= multiple and width % multiple == height % multiple == 0,
            f"`data.window` must have sides that are multiples of {multiple} for the {config.model.generator}. "
            f"Received: {width}x{height}.",
        ),
        (0 < low <= high <= 1, f"`data.zoom` must rise within (0, 1]. Received: {low}, {high}."),
        (config.data.stretch >= 1, f"`data.stretch` must be at least 1. Received: {config.data.stretch}."),
        (0 <= config.model.drop_path < 1, f"`model.drop_path` must be in [0, 1). Received: {config.model.drop_path}."),
        (0 <= config.model.dropout < 1, f"`model.dropout` must be in [0, 1). Received: {config.model.dropout}."),
        (
            config.model.output_stride in strides,
            f"`model.output_stride` must be one of {strides} for the {config.model.generator}. "
            f"Received: {config.model.output_stride}.",
        ),
        (
            not config.model.hints
            or (config.model.generator == GeneratorName.EFFICIENT_UNET and config.model.output_stride == 4),
            f"`model.hints` must go with the efficient_unet and an output stride of 4. "
            f"Received: {config.model.generator}, {config.model.output_stride}.",
        ),
        (
            config.model.hints or all(phase.trains != TrainedPart.HINTS for phase in config.phases),
            "`model.hints` must be true where a phase trains hints. Received: false.",
        ),
        (
            judged >> config.model.discriminator_levels > 2,
            f"`model.discriminator_levels` must leave a patch to judge in a window of {width}x{height}. "
            f"Received: {config.model.discriminator_levels}.",
        ),
        *(
            (low <= value <= high, f"`{name}` must be in [{low}, {high}]. Received: {value}.")
            for name, value, low, high in (
                ("loss.skin_weight", config.loss.skin_weight, 0, 100),
                ("decoding.chroma_gamma", config.decoding.chroma_gamma, 1, 3),
                ("decoding.uncertainty_exponent", config.decoding.uncertainty_exponent, 0, 2),
                ("decoding.unsharp_mask", config.decoding.unsharp_mask, 0, 4),
            )
        ),
        (0 <= config.runtime.seed < 2**32, f"`seed` must be in [0, 2**32). Received: {config.runtime.seed}."),
        (0 <= config.optimizer.ema < 1, f"`optimizer.ema` must be in [0, 1). Received: {config.optimizer.ema}."),
        (config.steps >= 1, f"`steps` must be at least 1. Received: {config.steps}."),
    ]
    for holds, message in rules:
        if not holds:
            raise InputError(message)
    return config
