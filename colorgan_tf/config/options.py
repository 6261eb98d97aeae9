"""The options of a training run: frozen dataclasses, one for each group, and the choices that some of them have."""

import dataclasses
from enum import StrEnum

from colorgan_tf.errors import InputError


class Degradation(StrEnum):
    """What is done to the input of a training picture, never to its target."""

    NONE = "none"
    OLD_FILM = "old_film"


class GeneratorName(StrEnum):
    """The generator's network: the patent's U-Net, or one with a pretrained encoder."""

    UNET = "unet"
    EFFICIENT_UNET = "efficient_unet"


class Normalization(StrEnum):
    """The layer that follows a convolution."""

    BATCH = "batch"
    INSTANCE = "instance"
    NONE = "none"


class HeadName(StrEnum):
    """What the generator's output means: U and V, R, G and B (for comparison), or classes of colour."""

    YUV = "yuv"
    RGB = "rgb"
    BINS = "bins"


class DiscriminatorName(StrEnum):
    """The patent's PatchGAN on grey and colour, or PatchGANs on the features of a pretrained network."""

    PATCH = "patch"
    PROJECTED = "projected"


class EncoderTraining(StrEnum):
    """Which of a pretrained encoder learns: nothing, its late blocks (strides 16 and 32), or all."""

    FROZEN = "frozen"
    LATE = "late"
    TRAINED = "trained"


class TrainedPart(StrEnum):
    """What a phase trains: the network that colours by itself, or the attention to hints alone."""

    NETWORK = "network"
    HINTS = "hints"


class Backend(StrEnum):
    """What Keras computes with in training."""

    TENSORFLOW = "tensorflow"
    JAX = "jax"


class Strategy(StrEnum):
    """How the work is spread, see `training.distribution`."""

    AUTO = "auto"
    ONE = "one"
    MIRRORED = "mirrored"
    MULTIWORKER = "multiworker"
    TPU = "tpu"


class Precision(StrEnum):
    """The Keras dtype policy; "auto" takes mixed_bfloat16 where the hardware computes in it."""

    AUTO = "auto"
    FLOAT32 = "float32"
    MIXED_BFLOAT16 = "mixed_bfloat16"
    MIXED_FLOAT16 = "mixed_float16"


@dataclasses.dataclass(frozen=True)
class Data:
    """What a training picture is.

    Attributes:
        window: width and height of the random window cut from each picture, pixels.
        follow_orientation: turns the window upright for upright pictures.
        zoom: None cuts the window at the picture's own scale (the patent's way; smaller pictures are enlarged).
            (a, b) cuts a box that covers a to b of the largest box that fits, and resizes it to the window.
        stretch: how many times as wide or as tall a box may be in proportion; 1 keeps the window's proportions.
        flip: mirrors half of the windows.
        degradation: "none", or "old_film" to degrade the input (never the target).
        shuffle_buffer: how many encoded pictures are held for shuffling.
        validation_pictures: how many pictures the validation set has.
    """

    window: tuple[int, int] = (512, 256)
    follow_orientation: bool = False
    zoom: tuple[float, float] | None = None
    stretch: float = 1.0
    flip: bool = True
    degradation: Degradation = Degradation.NONE
    shuffle_buffer: int = 1024
    validation_pictures: int = 64


@dataclasses.dataclass(frozen=True)
class Model:
    """Both networks, after the patent (AU 2018100325) by default.

    Attributes:
        generator: see `GeneratorName`.
        filters: of the U-Net's outermost block (64 in the patent); deeper blocks have multiples of it.
        normalization: see `Normalization`.
        dropout: rate in the innermost decoder blocks: the noise z of the conditional GAN.
        drop_path: of the efficient_unet's encoder: rate at which its last residual branch is left out in training; at
            earlier ones it is smaller in proportion.
        head: see `HeadName`.
        output_stride: 1, 2 or 4: the chroma's resolution is the input's divided by it.
        decoder: filters of the efficient_unet's decoder blocks, innermost first.
        hints: whether colours can be told (`networks.hint_attention`); of the efficient_unet at output stride 4.
        discriminator: see `DiscriminatorName`.
        discriminator_filters: of the PatchGAN's first convolution, or of each convolution of the projected one.
        discriminator_levels: stride-2 convolutions of the PatchGAN: 3 gives patches of 70 pixels.
    """

    generator: GeneratorName = GeneratorName.UNET
    filters: int = 64
    normalization: Normalization = Normalization.BATCH
    dropout: float = 0.5
    drop_path: float = 0.0
    head: HeadName = HeadName.YUV
    output_stride: int = 1
    decoder: tuple[int, ...] = (256, 192, 128, 96)
    hints: bool = False
    discriminator: DiscriminatorName = DiscriminatorName.PATCH
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
        skin_weight: of the bins' cross-entropy: how many times as much a pixel of the colour of skin counts.
    """

    lambda_p: float = 100.0
    lambda_a: float = 1.0
    lambda_f: float = 0.0
    rebalance: float = 0.5
    skin_weight: float = 1.0


@dataclasses.dataclass(frozen=True)
class Decoding:
    """How chroma is made of the network's output; may be changed after training.

    The adversary judges colours decoded with the first two options; the others come after all losses. Squared
    distances, those of features too, draw colours towards grey where several are likely: gain, gamma and uncertainty
    exponent make up for that.

    Attributes:
        temperature: of the bins' annealed mean; below 1 colours are more saturated.
        logit_adjustment: which part of the rebalancing the annealed mean takes back, 0 to 1.
        chroma_gain: factor of the chroma.
        chroma_gamma: power of a colour's strength relative to its picture's mean; above 1 strong colours gain most.
        uncertainty_exponent: power of the spread of likely colours, mean over a picture, that its chroma is multiplied
            by; bins only.
        unsharp_mask: strength of an unsharp mask on the chroma, at the output's own resolution; 0 for none.
    """

    temperature: float = 0.4
    logit_adjustment: float = 0.0
    chroma_gain: float = 1.0
    chroma_gamma: float = 1.0
    uncertainty_exponent: float = 0.0
    unsharp_mask: float = 0.0


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
        encoder: which of a pretrained encoder learns.
        trains: the network, or the attention to hints alone.
    """

    name: str = "adversarial"
    steps: int = 20_000
    learning_rate: float = 2e-4
    final_learning_rate: float = 2e-4
    warmup: int = 0
    discriminator_learning_rate: float = 2e-4
    encoder: EncoderTraining = EncoderTraining.TRAINED
    trains: TrainedPart = TrainedPart.NETWORK

    @property
    def adversarial(self) -> bool:
        """Whether the discriminator takes part in this phase."""
        return self.discriminator_learning_rate > 0 and self.trains == TrainedPart.NETWORK


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """Adam for both networks.

    Attributes:
        beta_1: 0.5 calms the adversarial game (pix2pix).
        weight_decay: decoupled (AdamW), generator's kernels only.
        clip_norm: largest global norm of a gradient; 0 switches clipping off.
        encoder_rate: learning rate of a pretrained encoder, as a part of that of the rest, for a kernel whose weights
            are of size 0.1; others in proportion to theirs. What ImageNet taught it is easily forgotten.
        ema: decay of the moving average of the generator's weights, which is what is evaluated and exported.
            Short runs use a shorter average: 1 - 10 / steps at most.
    """

    beta_1: float = 0.5
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
        backend: what Keras computes with.
        strategy: how the work is spread; JAX spreads it over all devices that it finds.
        precision: of both networks' layers.
        seed: of everything random.
        deterministic: bit-identical repetition, somewhat slower.
    """

    batch: int = 4
    checkpoint_every: int = 500
    log_every: int = 20
    backend: Backend = Backend.TENSORFLOW
    strategy: Strategy = Strategy.AUTO
    precision: Precision = Precision.AUTO
    seed: int = 0
    deterministic: bool = False


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything a run depends on besides its data."""

    preset: str = "patent"
    data: Data = Data()
    model: Model = Model()
    loss: Loss = Loss()
    decoding: Decoding = Decoding()
    phases: tuple[Phase, ...] = (Phase(),)
    optimizer: Optimizer = Optimizer()
    runtime: Runtime = Runtime()

    @property
    def steps(self) -> int:
        """Steps of all phases together."""
        return sum(phase.steps for phase in self.phases)

    @property
    def input_resolution(self) -> int:
        """The short side, in pixels, at which a whole picture shows things at the scale of the training windows.

        Windows that are cut from a part of a picture (`data.zoom`) show them larger than the window's own size tells.
        """
        part = sum(self.data.zoom) / 2 if self.data.zoom else 1.0
        return max(32, round(min(self.data.window) / part / 32) * 32)

    def phase_at(self, step: int) -> tuple[Phase, int]:
        """Returns the phase that step number `step` (from 0) belongs to, and that phase's first step."""
        first = 0
        for phase in self.phases:
            if step < first + phase.steps:
                return phase, first
            first += phase.steps
        raise ValueError(f"`step` must be below {self.steps}. Received: step={step}.")

    def with_steps(self, steps: int) -> "Config":
        """Returns the configuration with its phases stretched or shrunk in proportion to `steps` in all.

        Raises:
            InputError: if there are to be no steps.
        """
        if steps < 1:
            raise InputError(f"`steps` must be at least 1. Received: steps={steps}.")
        ends, total = [], 0
        for phase in self.phases:
            total += phase.steps
            ends.append(round(total * steps / self.steps))
        starts = [0, *ends[:-1]]
        phases = tuple(
            dataclasses.replace(
                phase, steps=end - start, warmup=min(phase.warmup, round(phase.warmup * steps / self.steps))
            )
            for phase, start, end in zip(self.phases, starts, ends, strict=True)
            if end > start
        )
        return dataclasses.replace(self, phases=phases)
