"""How often and how hard each old-film degradation strikes: plain values, no TensorFlow, for configurations."""

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True)
class Effect:
    """How often one operation strikes and how hard.

    Attributes:
        probability: chance in [0, 1] that a degraded picture gets the operation.
        weak: strength at the gentle end, in the operation's own unit.
        strong: strength at the harsh end. The strength is drawn evenly between the two; `strong` may be the
            smaller number (a JPEG quality of 20 is harsher than 80).
    """

    probability: float
    weak: float
    strong: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"`probability` must be in [0, 1]. Received: probability={self.probability}.")


@dataclass(frozen=True)
class Degradation:
    """The whole course from light to file, in physical order. The defaults are the training settings.

    The ranges were set by eye, against photographs of 1900 to 1960 and worn film prints, on windows of 256 pixels:
    at that size most real pictures are sharp and hard in contrast, some are soft, few are badly worn.

    Attributes:
        clean: chance in [0, 1] that a picture is left alone, as its plain BT.601 luma.
        orthochromatic: stock that is blind to red; strength = blindness in [0, 1].
        panchromatic: stock with random channel weights; strength = Dirichlet concentration, small is wild.
            Where both stocks are drawn, the orthochromatic one is used; where none is, BT.601 luma.
        blur: lens out of focus; strength = standard deviation of a Gaussian in pixels.
        motion: camera or subject moved; strength = length of the way in pixels.
        vignetting: corners darker; strength = light lost in the corners, in [0, 1].
        flicker: whole picture over- or underexposed; strength = natural logarithm of the gain, either sign.
        unevenness: cloudy exposure or development; strength = natural logarithm of the largest local gain.
        contrast: S-shaped characteristic curve; strength = steepness of the curve.
        gamma: printed too light or too dark; strength = natural logarithm of the exponent, either sign.
        grain: strength = standard deviation at mid-grey, in units of luma.
        fade: blacks lifted and whites dulled; strength = level of black.
        scratches: vertical lines; strength = how many.
        dust: small specks, bright and dark; strength = how many.
        hairs: thin curved lines; strength = how many.
        scaling: made smaller and enlarged again; strength = the smaller size as a fraction.
        combing: odd lines belong to the next field; strength = shift in pixels.
        jpeg: strength = JPEG quality, 1 to 100.
    """

    clean: float = 0.75
    orthochromatic: Effect = Effect(0.3, 0.6, 1.0)
    panchromatic: Effect = Effect(0.6, 60.0, 6.0)
    blur: Effect = Effect(0.2, 0.4, 1.2)
    motion: Effect = Effect(0.05, 2.0, 5.0)
    vignetting: Effect = Effect(0.25, 0.1, 0.6)
    flicker: Effect = Effect(0.25, 0.0, 0.25)
    unevenness: Effect = Effect(0.2, 0.05, 0.35)
    contrast: Effect = Effect(0.6, 0.5, 3.2)
    gamma: Effect = Effect(0.4, 0.0, 0.4)
    grain: Effect = Effect(0.5, 0.005, 0.05)
    fade: Effect = Effect(0.25, 0.02, 0.25)
    scratches: Effect = Effect(0.12, 1.0, 6.0)
    dust: Effect = Effect(0.2, 5.0, 60.0)
    hairs: Effect = Effect(0.08, 1.0, 4.0)
    scaling: Effect = Effect(0.15, 0.9, 0.45)
    combing: Effect = Effect(0.03, 1.0, 3.0)
    jpeg: Effect = Effect(0.4, 90.0, 25.0)

    def __post_init__(self) -> None:
        if not 0.0 <= self.clean <= 1.0:
            raise ValueError(f"`clean` must be in [0, 1]. Received: clean={self.clean}.")


EFFECTS = tuple(field.name for field in dataclasses.fields(Degradation) if field.name != "clean")

TRAINING = Degradation()

# Always degraded, never at the harsh end: for measuring how well a model copes with old film.
EVALUATION = Degradation(
    clean=0.0,
    orthochromatic=Effect(0.3, 0.6, 0.9),
    panchromatic=Effect(1.0, 60.0, 20.0),
    blur=Effect(0.25, 0.4, 1.0),
    motion=Effect(0.0, 2.0, 4.0),
    vignetting=Effect(0.3, 0.1, 0.4),
    flicker=Effect(0.3, 0.05, 0.15),
    unevenness=Effect(0.2, 0.05, 0.2),
    contrast=Effect(0.6, 0.5, 2.2),
    gamma=Effect(0.5, 0.05, 0.25),
    grain=Effect(0.8, 0.01, 0.035),
    fade=Effect(0.3, 0.03, 0.12),
    scratches=Effect(0.15, 1.0, 3.0),
    dust=Effect(0.3, 4.0, 25.0),
    hairs=Effect(0.1, 1.0, 2.0),
    scaling=Effect(0.2, 0.9, 0.6),
    combing=Effect(0.0, 1.0, 2.0),
    jpeg=Effect(0.5, 85.0, 45.0),
)


def alone(name: str, degradation: Degradation) -> Degradation:
    """Returns `degradation` with only the effect `name` left: always applied, at its strong end.

    Raises:
        ValueError: if no effect has that name.
    """
    if name not in EFFECTS:
        raise ValueError(f"`name` must be one of {', '.join(EFFECTS)}. Received: name={name!r}.")
    settings = {other: dataclasses.replace(getattr(degradation, other), probability=0.0) for other in EFFECTS}
    strong = getattr(degradation, name).strong
    return Degradation(clean=0.0, **{**settings, name: Effect(1.0, strong, strong)})
