"""HDR metadata of a film's picture: the mastering display and the light levels, read from a frame, for encoders."""

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class HdrMetadata:
    """Static HDR metadata (SMPTE ST 2086 and CTA-861.3); None where the film does not say.

    Attributes:
        primaries: x and y of red, green, blue and white point of the mastering display.
        luminance: least and most of the mastering display, in cd/m2.
        light_levels: most of any pixel (MaxCLL) and of any frame's average (MaxFALL), in cd/m2.
    """

    primaries: tuple[float, ...] | None
    luminance: tuple[float, float] | None
    light_levels: tuple[int, int] | None


def read(frame: Any) -> HdrMetadata | None:
    """Reads a frame's HDR metadata; None where it has none."""
    primaries = luminance = light_levels = None
    if (mastering := _side_data(frame, "MASTERING_DISPLAY_METADATA")) is not None:
        # AVMasteringDisplayMetadata: ten rationals, then whether the first eight and the last two are given.
        values = [int(n) / int(d) if d else 0.0 for n, d in mastering[:20].reshape(10, 2)]
        primaries = tuple(values[:8]) if mastering[20] else None
        luminance = (values[8], values[9]) if mastering[21] else None
    if (light := _side_data(frame, "CONTENT_LIGHT_LEVEL")) is not None:
        light_levels = int(light[0]), int(light[1])
    found = HdrMetadata(primaries, luminance, light_levels)
    return found if found != HdrMetadata(None, None, None) else None


def dynamic(frame: Any) -> list[str]:
    """Names the metadata that describes single frames of the old picture, so that a new one cannot keep it."""
    kinds = {"DOVI_RPU_BUFFER": "Dolby Vision", "DOVI_METADATA": "Dolby Vision", "DYNAMIC_HDR_PLUS": "HDR10+"}
    return sorted({name for kind, name in kinds.items() if _side_data(frame, kind) is not None})


def _side_data(frame: Any, kind: str) -> np.ndarray | None:
    try:
        data = frame.side_data.get(kind)
    except ValueError:  # PyAV reads no side data of a frame that has one kind too new for it
        return None
    if data is None:
        return None
    content = bytes(data)
    return np.frombuffer(content[: len(content) // 4 * 4], np.int32)


def encoder_options(encoder: str, metadata: HdrMetadata) -> dict[str, str]:
    """Returns the options with which an encoder writes the metadata into its stream; none where it cannot."""
    names = {
        "libx264": ("x264-params", "mastering-display", "cll", 50000, 10000),
        "libx265": ("x265-params", "master-display", "max-cll", 50000, 10000),
        "libsvtav1": ("svtav1-params", "mastering-display", "content-light", 1, 1),
    }
    if encoder not in names:
        return {}
    option, display, levels, unit, light_unit = names[encoder]
    parts = []
    if metadata.primaries and metadata.luminance:
        pairs = [
            ",".join(_number(value * unit, unit) for value in metadata.primaries[at : at + 2]) for at in range(0, 8, 2)
        ]
        red, green, blue, white = pairs
        low, high = (_number(value * light_unit, light_unit) for value in metadata.luminance)
        parts.append(f"{display}=G({green})B({blue})R({red})WP({white})L({high},{low})")
    if metadata.light_levels:
        parts.append(f"{levels}={metadata.light_levels[0]},{metadata.light_levels[1]}")
    return {option: ":".join(parts)} if parts else {}


def _number(value: float, unit: int) -> str:
    return str(round(value)) if unit > 1 else f"{value:.6g}"
