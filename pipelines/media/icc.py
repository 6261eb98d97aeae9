"""ICC profiles for coloured results: a grey picture's tone curve carried over into an RGB profile."""

import io
import struct

from PIL import Image, ImageCms

_HEADER = 128
_CURVES = (b"rTRC", b"gTRC", b"bTRC")


def space(profile: bytes) -> str:
    """Returns the profile's data colour space ("GRAY", "RGB", "CMYK" ...), from its header (ICC.1:2022, 7.2.8)."""
    return profile[16:20].decode("latin-1").strip() if len(profile) > _HEADER else ""


def for_coloured(profile: bytes | None) -> bytes | None:
    """Returns the profile that the coloured picture must carry so that grey stays exactly as dark as it was.

    A grey profile cannot stay on an RGB file, and one of a wide gamut would exaggerate the network's colours, which are
    sRGB. So the result is sRGB's primaries with the original's own tone curve. None where that is sRGB's own, or cannot
    be had.
    """
    if not profile:
        return None
    tags = _tags(profile)
    curve = tags.get(b"kTRC") or tags.get(b"rTRC")
    if curve is None:
        return None
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    changed = _tags(srgb)
    changed.update(dict.fromkeys(_CURVES, curve))
    return _assemble(srgb[:_HEADER], changed)


def is_table(profile: bytes, mode: str) -> bool:
    """Tells whether a profile of the space `mode` is more than one tone curve: a table, or a curve for each channel.

    `for_coloured` cannot carry such a one over.
    """
    if space(profile) != mode:
        return False
    tags = _tags(profile)
    return b"A2B0" in tags or (mode == "RGB" and len({tags.get(curve) for curve in _CURVES}) > 1)


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Converts an 8-bit picture through its profile; None where the profile is damaged."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return None


def _tags(profile: bytes) -> dict[bytes, bytes]:
    """Returns each tag's data by its signature (ICC.1:2022, 7.3); an unreadable profile has none."""
    try:
        (count,) = struct.unpack_from(">I", profile, _HEADER)
        entries = [struct.unpack_from(">4sII", profile, _HEADER + 4 + 12 * index) for index in range(min(count, 100))]
    except struct.error:
        return {}
    return {name: profile[start : start + size] for name, start, size in entries if start + size <= len(profile)}


def _assemble(header: bytes, tags: dict[bytes, bytes]) -> bytes:
    start = _HEADER + 4 + 12 * len(tags)
    table, data, places = struct.pack(">I", len(tags)), b"", {}
    for name, value in tags.items():
        if value not in places:  # the three curves share one place
            places[value] = start + len(data)
            data += value + bytes(-len(value) % 4)
        table += struct.pack(">4sII", name, places[value], len(value))
    # The size is the header's first field; the profile ID (bytes 84 to 100) is a checksum, and zero means "not
    # calculated".
    header = struct.pack(">I", start + len(data)) + header[4:84] + bytes(16) + header[100:]
    return header + table + data
