"""How steady a film's colour is: CDC and U/V warp error. To be read beside colourfulness: grey is best at both."""

from collections.abc import Iterable, Sequence

import numpy as np

from colorgan_tf import color
from colorgan_tf.color import Floats
from colorgan_tf.metrics import pictures as metrics

CDC_STEPS = (1, 2, 4)


def histograms(rgb: Floats) -> Floats:
    """Returns the `[3, 256]` histograms of an 8-bit RGB picture `[height, width, 3]`, each of sum 1."""
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[-1] != 3 or rgb.size == 0:
        raise ValueError(f"`rgb` must be a uint8 [height, width, 3] picture. Received: {rgb.dtype} {list(rgb.shape)}.")
    counts = [np.bincount(rgb[..., channel].ravel(), minlength=256) for channel in range(3)]
    return np.stack(counts) / (rgb.shape[0] * rgb.shape[1])


def jensen_shannon(first: Floats, second: Floats) -> float:
    """Returns the Jensen-Shannon divergence of `[channels, bins]`, natural logarithm, mean over channels."""
    middle = 0.5 * (first + second)

    def relative(part: Floats) -> Floats:
        ratio = np.divide(part, middle, out=np.ones_like(part), where=part > 0)
        return (part * np.log(ratio)).sum(-1)

    return float((0.5 * (relative(first) + relative(second))).mean())


def cdc(frames: Iterable[Floats], steps: Sequence[int] = CDC_STEPS) -> float:
    """Returns the colour distribution consistency of a clip; 0 where no two frames are far enough apart.

    Y. Liu et al., "Temporally consistent video colorization with deep feature propagation and self-regularization
    learning" (TCVC), 2021, equation 13: the mean over steps of the mean divergence between frames i and i + step.

    Args:
        frames: 8-bit RGB pictures `[height, width, 3]`, one after the other; they are not kept.
        steps: distances between compared frames.
    """
    recent: list[Floats] = []
    sums = dict.fromkeys(steps, 0.0)
    counts = dict.fromkeys(steps, 0)
    for frame in frames:
        recent.append(histograms(frame))
        for step in steps:
            if len(recent) > step:
                sums[step] += jensen_shannon(recent[-1 - step], recent[-1])
                counts[step] += 1
        del recent[: -max(steps)]
    known = [sums[step] / counts[step] for step in steps if counts[step]]
    return float(np.mean(known)) if known else 0.0


def warp_error(before: Floats, after: Floats, confidence: Floats, sure: float = 0.5) -> tuple[float, float]:
    """Compares a chroma with the one before: mean squared difference of U and V over pixels that are not occluded.

    Args:
        before: `[height, width, 2]` of the frame before, warped onto this one along the flow of the *original* film.
        after: `[height, width, 2]` of the frame at hand.
        confidence: `[height, width]` of the flow, in [0, 1].
        sure: confidence from which a pixel counts as not occluded.

    Returns:
        The error, and the share of pixels over which it was taken; (0, 0) where there are none.
    """
    mask = confidence >= sure
    if not mask.any():
        return 0.0, 0.0
    return float(np.square(before - after)[mask].mean()), float(mask.mean())


def still_change(
    before: Floats, after: Floats, flow: Floats, confidence: Floats, sure: float = 0.5, still: float = 0.25
) -> tuple[float, float]:
    """Measures how much colour changes in places that do not move: mean of |dU| + |dV|.

    Args:
        before: `[height, width, 2]` of the frame before, as it is.
        after: `[height, width, 2]` of the frame at hand.
        flow: `[height, width, 2]` of the *original* film, in pixels.
        confidence: `[height, width]` of the flow, in [0, 1].
        sure: confidence from which a pixel counts.
        still: length of the flow below which it counts.

    Returns:
        The change, and the share of pixels over which it was taken; (0, 0) where there are none.
    """
    mask = (confidence >= sure) & (np.square(flow).sum(-1) < still**2)
    if not mask.any():
        return 0.0, 0.0
    return float(np.abs(after - before).sum(-1)[mask].mean()), float(mask.mean())


def chroma_colourfulness(luma: Floats, chroma: Floats) -> float:
    """Returns `metrics.colorfulness` of luma `[height, width, 1]` and chroma `[height, width, 2]`, as it is shown."""
    rgb = color.yuv_to_rgb(np.concatenate([luma, chroma], axis=-1))
    return metrics.colorfulness(np.clip(rgb, 0.0, 1.0))
