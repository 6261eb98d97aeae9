"""The configuration of a training run: frozen dataclasses, presets, JSON in and out, `--set` overrides."""

import dataclasses
import json
import math
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from colorgan_tf.errors import InputError


@dataclasses.dataclass(frozen=True)
class Data:
    """What a training picture is.

    Attributes:
        window: width and height of the random window cut from each picture, pixels.
        follow_orientation: turns the window upright for upright pictures.
        zoom: None cuts the window at the picture's own scale (the method's way; smaller pictures are enlarged).
            (a, b) cuts a box that covers a to b of the largest box that fits, and resizes it to the window.
        stretch: how many times as wide or as tall a box may be in proportion; 1 keeps the window's proportions.
        flip: mirrors half of the windows.
        degradation: "none", or "old_film" to age the input (never the target).
        shuffle_buffer: how many encoded pictures are held for shuffling.
        validation_pictures: how many pictures are watched during training.
    """

    window: tuple[int, int] = (512, 256)
    follow_orientation: bool = False
    zoom: tuple[float, float] | None = None
    stretch: float = 1.0
    flip: bool = True
    degradation: Literal["none", "old_film"] = "none"
    shuffle_buffer: int = 1024
    validation_pictures: int = 64


@dataclasses.dataclass(frozen=True)
class Model:
    """Both networks.

    Attributes:
        generator: "unet" is the method's own; "efficient_unet" has a pretrained encoder.
        filters: of the U-Net's outermost block (64 in the method); deeper blocks have multiples of it.
        normalization: "batch", "instance" or "none".
        dropout: rate in the innermost decoder blocks: the noise z of the conditional GAN.
        drop_path: of the efficient_unet's encoder: rate at which its last residual branch is left out in training; at
            earlier ones it is smaller in proportion.
        head: "yuv" regresses U and V, "rgb" regresses R, G and B (for comparison), "bins" classifies colours.
        output_stride: 1, 2 or 4: the chroma's resolution is the input's divided by it.
        decoder: filters of the efficient_unet's decoder blocks, innermost first.
        discriminator: "patch" is the method's PatchGAN on grey and colour; "projected" judges the features that a
            pretrained network has of the coloured picture.
        discriminator_filters: of the PatchGAN's first convolution, or of each convolution of the projected one.
        discriminator_levels: stride-2 convolutions of the PatchGAN: 3 gives patches of 70 pixels.
    """

    generator: Literal["unet", "efficient_unet"] = "unet"
    filters: int = 64
    normalization: Literal["batch", "instance", "none"] = "batch"
    dropout: float = 0.5
    drop_path: float = 0.0
    head: Literal["yuv", "rgb", "bins"] = "yuv"
    output_stride: int = 1
    decoder: tuple[int, ...] = (256, 192, 128, 96)
    discriminator: Literal["patch", "projected"] = "patch"
    discriminator_filters: int = 64
    discriminator_levels: int = 3


@dataclasses.dataclass(frozen=True)
class Loss:
    """Weights of the losses.

    Attributes:
        lambda_p: weight of the pixel loss (or of the bins' cross-entropy).
        lambda_a: weight of the adversarial loss in phases that have one.
        lambda_f: weight of the feature loss in these phases, for a projected discriminator.
        rebalance: of the bins' cross-entropy: 1 weights all colours alike, towards 0 rare ones count more.
        temperature: of the read-out of the bins; below 1 colours are more vivid.
        correction: which part of the rebalancing the read-out takes back, 0 to 1.
        gain: of the chroma that comes out, after all losses: squared distances, those of features too, draw colours
            towards grey where several are likely.
        contrast: power of a colour's strength, relative to its picture's mean, that it is multiplied by as well.
        doubt: power of the spread of likely colours, mean over a picture, that its chroma is multiplied by as well;
            bins only.
        sharpen: strength of an unsharp mask on the chroma that comes out, at the output's own resolution; 0 for none.
    """

    lambda_p: float = 100.0
    lambda_a: float = 1.0
    lambda_f: float = 0.0
    rebalance: float = 0.5
    temperature: float = 0.4
    correction: float = 0.0
    gain: float = 1.0
    contrast: float = 0.0
    doubt: float = 0.0
    sharpen: float = 0.0


@dataclasses.dataclass(frozen=True)
class Phase:
    """A stretch of training under one schedule.

    Attributes:
        name: for the log.
        steps: how many.
        learning_rate: of the generator at the start of the phase (after the warm-up).
        final_learning_rate: at its end; a cosine leads there.
        warmup: steps of linear rise from zero.
        discriminator_learning_rate: 0 means no adversarial loss in this phase.
        encoder: which of a pretrained encoder learns: nothing, its late blocks (strides 16 and 32), or all.
    """

    name: str = "adversarial"
    steps: int = 20_000
    learning_rate: float = 2e-4
    final_learning_rate: float = 2e-4
    warmup: int = 0
    discriminator_learning_rate: float = 2e-4
    encoder: Literal["frozen", "late", "trained"] = "trained"

    @property
    def adversarial(self) -> bool:
        """Whether the discriminator plays in this phase."""
        return self.discriminator_learning_rate > 0


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """Adam for both networks.

    Attributes:
        beta_1: 0.5 calms the adversarial game (pix2pix).
        beta_2: as usual.
        weight_decay: decoupled (AdamW), generator's kernels only.
        clip_norm: largest global norm of a gradient; 0 switches clipping off.
        encoder_rate: learning rate of a pretrained encoder, as a part of that of the rest, for a kernel whose weights
            are of size 0.1; others in proportion to theirs. What ImageNet taught it is easily forgotten.
        ema: decay of the moving average of the generator's weights, which is what is evaluated and exported.
            Short runs use a shorter average: 1 - 10 / steps at most.
    """

    beta_1: float = 0.5
    beta_2: float = 0.999
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    encoder_rate: float = 0.1
    ema: float = 0.999


@dataclasses.dataclass(frozen=True)
class Runtime:
    """How the run is carried out.

    Attributes:
        batch: pictures a step, over all replicas.
        checkpoint_every: steps between checkpoints.
        log_every: steps between lines of the log.
        strategy: how the work is spread, see `distribution`.
        precision: "auto" takes mixed_bfloat16 where the hardware computes in it.
        seed: of everything random.
        deterministic: bit-identical repetition, somewhat slower.
    """

    batch: int = 4
    checkpoint_every: int = 500
    log_every: int = 20
    strategy: Literal["auto", "one", "mirrored", "multiworker", "tpu"] = "auto"
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    seed: int = 0
    deterministic: bool = False


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything a run depends on besides its data."""

    preset: str = "patent"
    data: Data = Data()
    model: Model = Model()
    loss: Loss = Loss()
    phases: tuple[Phase, ...] = (Phase(),)
    optimizer: Optimizer = Optimizer()
    runtime: Runtime = Runtime()

    @property
    def steps(self) -> int:
        """Steps of all phases together."""
        return sum(phase.steps for phase in self.phases)

    def phase_at(self, step: int) -> tuple[Phase, int]:
        """Returns the phase that step number `step` (from 0) belongs to, and that phase's first step."""
        first = 0
        for phase in self.phases:
            if step < first + phase.steps:
                return phase, first
            first += phase.steps
        raise ValueError(f"`step` must be below {self.steps}. Received: step={step}.")


# The shipped model's recipe.
_COLORGAN = Config(
    preset="colorgan",
    data=Data(window=(224, 224), zoom=(0.4, 1.0), stretch=1.5, degradation="old_film"),
    model=Model(
        generator="efficient_unet",
        dropout=0.3,
        drop_path=0.2,
        head="bins",
        output_stride=4,
        discriminator="projected",
        discriminator_filters=96,
    ),
    loss=Loss(
        lambda_p=1.0,
        lambda_a=0.2,
        lambda_f=4.0,
        rebalance=0.75,
        gain=1.135,
        contrast=0.4,
        doubt=0.5,
        sharpen=0.6,
    ),
    phases=(
        Phase("frozen", 700, 2e-3, 2e-3, warmup=100, discriminator_learning_rate=0.0, encoder="frozen"),
        Phase("trained", 7_000, 1e-3, 1e-5, warmup=500, discriminator_learning_rate=0.0),
        Phase("adversarial", 3_600, 7e-4, 1e-5, warmup=100, discriminator_learning_rate=5e-4),
    ),
    optimizer=Optimizer(beta_1=0.9, weight_decay=0.01, clip_norm=1.0, encoder_rate=0.2, ema=0.998),
    runtime=Runtime(batch=16),
)

PRESETS: dict[str, Config] = {
    # The method as written, with pix2pix's settings: about 54 M parameters.
    "patent": Config(),
    # For comparison: the same network, but it generates R, G and B.
    "patent_rgb": Config(preset="patent_rgb", model=Model(head="rgb")),
    "colorgan": _COLORGAN,
    # From the shipped model on (`--start`), to one's own pictures.
    "finetune": dataclasses.replace(
        _COLORGAN,
        preset="finetune",
        phases=(Phase("adversarial", 1_000, 4e-4, 1e-6, warmup=100, discriminator_learning_rate=4e-4),),
    ),
    # Seconds long: for tests and demonstrations.
    "tiny": Config(
        preset="tiny",
        data=Data(window=(256, 256), validation_pictures=8),
        model=Model(filters=8, discriminator_filters=8),
        phases=(Phase(steps=200),),
        runtime=Runtime(checkpoint_every=100),
    ),
}


def preset(name: str) -> Config:
    """Returns a preset by name.

    Raises:
        InputError: if there is none of that name.
    """
    if name not in PRESETS:
        raise InputError(f"`preset` must be one of {', '.join(PRESETS)}. Received: preset={name}.")
    return PRESETS[name]


def override(config: Config, assignments: Sequence[str]) -> Config:
    """Applies `group.option=value` assignments, for example `model.filters=32` or `phases.0.steps=100`.

    Raises:
        InputError: for an unknown option or a value that does not fit it.
    """
    for assignment in assignments:
        path, separator, text = assignment.partition("=")
        if not separator:
            raise InputError(f"`set` must look like group.option=value. Received: {assignment}.")
        config = _assign(config, path.split("."), text, assignment)
    return config


def with_steps(config: Config, steps: int) -> Config:
    """Returns the configuration with its phases stretched or shrunk in proportion to `steps` in all."""
    if steps < 1:
        raise InputError(f"`steps` must be at least 1. Received: steps={steps}.")
    ends, total = [], 0
    for phase in config.phases:
        total += phase.steps
        ends.append(round(total * steps / config.steps))
    starts = [0, *ends[:-1]]
    phases = tuple(
        dataclasses.replace(
            phase, steps=end - start, warmup=min(phase.warmup, round(phase.warmup * steps / config.steps))
        )
        for phase, start, end in zip(config.phases, starts, ends, strict=True)
        if end > start
    )
    return dataclasses.replace(config, phases=phases)


def validate(config: Config) -> Config:
    """Returns `config` if its values make sense together.

    Raises:
        InputError: with what must hold, and what came.
    """
    width, height = config.data.window
    multiple, strides = {"unet": (256, (1, 2, 4)), "efficient_unet": (32, (2, 4))}[config.model.generator]
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
            judged >> config.model.discriminator_levels > 2,
            f"`model.discriminator_levels` must leave a patch to judge in a window of {width}x{height}. "
            f"Received: {config.model.discriminator_levels}.",
        ),
        (0 <= config.loss.contrast <= 2, f"`loss.contrast` must be in [0, 2]. Received: {config.loss.contrast}."),
        (0 <= config.loss.doubt <= 2, f"`loss.doubt` must be in [0, 2]. Received: {config.loss.doubt}."),
        (0 <= config.loss.sharpen <= 4, f"`loss.sharpen` must be in [0, 4]. Received: {config.loss.sharpen}."),
        (0 <= config.runtime.seed < 2**32, f"`seed` must be in [0, 2**32). Received: {config.runtime.seed}."),
        (0 <= config.optimizer.ema < 1, f"`optimizer.ema` must be in [0, 1). Received: {config.optimizer.ema}."),
        (config.steps >= 1, f"`steps` must be at least 1. Received: {config.steps}."),
    ]
    for holds, message in rules:
        if not holds:
            raise InputError(message)
    return config


def to_json(config: Config) -> str:
    """Returns the configuration as JSON text."""
    return json.dumps(dataclasses.asdict(config), indent=2) + "\n"


def from_json(text: str) -> Config:
    """Reads what `to_json` wrote.

    Raises:
        InputError: if the text is not a configuration of this version.
    """
    try:
        return _build(Config, json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"A configuration written by this version is expected. Received: {error}.") from error


def load(path: str | Path) -> Config:
    """Reads a run's `config.json`."""
    return from_json(Path(path).read_text())


def _build(kind: Any, value: Any) -> Any:
    """Turns plain JSON values back into dataclasses and tuples, by their annotations; checks Literals."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        if unknown := set(value) - set(hints):
            raise ValueError(f"unknown option {', '.join(sorted(unknown))}")
        return typing.cast(Any, kind)(**{name: _build(hints[name], item) for name, item in value.items()})
    if origin in (types.UnionType, typing.Union):
        return None if value is None else _build(args[0], value)
    if origin is tuple:
        kinds = [args[0]] * len(value) if args[-1] is Ellipsis else args
        return tuple(_build(item_kind, item) for item_kind, item in zip(kinds, value, strict=True))
    if origin is Literal:
        if value not in args:
            raise ValueError(f"{value!r} is not one of {', '.join(map(str, args))}")
        return value
    if kind is bool and not isinstance(value, bool):
        raise ValueError(f"{value!r} is not true or false")
    if kind is int and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"{value!r} is not a whole number")
    if kind is float and (isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value)):
        raise ValueError(f"{value!r} is not a number")
    return kind(value)


def _assign(node: Any, path: Sequence[str], text: str, assignment: str) -> Any:
    name, rest = path[0], path[1:]
    if isinstance(node, tuple):
        if not name.isdigit() or int(name) >= len(node) or not rest:
            raise InputError(f"`set` must name one of {len(node)} phases by number. Received: {assignment}.")
        index = int(name)
        return (*node[:index], _assign(node[index], rest, text, assignment), *node[index + 1 :])
    hints = typing.get_type_hints(type(node))
    if name not in hints:
        raise InputError(f"`set` must name one of {', '.join(hints)}. Received: {assignment}.")
    if rest:
        return dataclasses.replace(node, **{name: _assign(getattr(node, name), rest, text, assignment)})
    try:
        value = json.loads(text)
    except ValueError:
        value = text  # a bare word
    try:
        return dataclasses.replace(node, **{name: _build(hints[name], value)})
    except (ValueError, TypeError) as error:
        raise InputError(f"`{'.'.join(path)}` cannot take this value: {error}. Received: {assignment}.") from error
