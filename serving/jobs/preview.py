"""Pictures for the screen: JPEG files of bounded size, made from a result or from one frame of it."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from pipelines.media import provenance
from pipelines.media.orientation import upright

VIEW_SIDE = 2048
THUMBNAIL_SIDE = 320
_QUALITY = 90
Pixels = npt.NDArray[Any]  # uint8 or uint16


def view(values: Pixels, alpha: Pixels | None, orientation: int, side: int = VIEW_SIDE) -> npt.NDArray[np.uint8]:
    """Returns a picture as it is seen: upright, 8 bit, RGB, no larger than a screen, on white where it is transparent.

    Args:
        values: `[H, W, 1]` or `[H, W, 3]`, uint8 or uint16, as stored.
        alpha: `[H, W, 1]` of the same type, or None.
        orientation: EXIF orientation of the stored pixels.
        side: the most that width and height may be.
    """
    from pipelines.stills.pixels import to_8_bit

    small = fitted(values, side).astype(np.float32)
    if alpha is not None:
        share = fitted(alpha, side).astype(np.float32) / np.iinfo(alpha.dtype).max
        small = small * share + np.float32(np.iinfo(values.dtype).max) * (1 - share)
    shown = upright(to_8_bit(np.rint(small).astype(values.dtype)), orientation)
    return np.ascontiguousarray(np.broadcast_to(shown, (*shown.shape[:2], 3)))


def fitted(picture: Pixels, side: int) -> Pixels:
    """Reduces `[H, W, C]` so that neither side is longer than `side`; a smaller picture passes."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return picture
    return resized(picture, max(1, round(width * scale)), max(1, round(height * scale)))


def resized(picture: Pixels, width: int, height: int) -> Pixels:
    """Resizes `[H, W, C]` of whole numbers by area."""
    import cv2

    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return small.reshape(height, width, picture.shape[-1])


def jpeg(rgb: npt.NDArray[np.uint8], exif: Image.Exif | None = None) -> bytes:
    """Encodes `[H, W, 3]` uint8."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=_QUALITY, subsampling="4:4:4", exif=exif or Image.Exif())
    return buffer.getvalue()


def side_by_side(before: Path, after: Path) -> bytes:
    """Joins a picture's two views, before and after, to one JPEG with the provenance tag."""
    with Image.open(before) as left, Image.open(after) as right:
        pair = np.concatenate([np.asarray(left.convert("RGB")), np.asarray(right.convert("RGB"))], axis=1)
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = provenance.tagged("")
    return jpeg(pair, exif)


def film_frame(path: Path, number: int) -> npt.NDArray[np.uint8]:
    """Returns a frame `[H, W, 3]` uint8 of a film, upright, with square pixels; the last one where there are fewer."""
    from pipelines.films import decoding

    source = decoding.probe(str(path))
    height, width = source.display_size
    with decoding.open_film(str(path)) as container:
        stream = decoding.picture_stream(container, str(path))
        times = sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
        wanted = times[min(number, len(times) - 1)]
        container.seek(wanted, stream=stream, backward=True)
        shown = None
        for frame in container.decode(stream):
            shown = frame
            if frame.pts is not None and frame.pts >= wanted:
                break
        if shown is None:
            raise ValueError(f"A film of at least one frame is expected. Received: {path}.")
        upright = np.rot90(shown.to_ndarray(format="rgb24"), source.rotation // 90)
    return resized(np.ascontiguousarray(upright), width, height)


def animation_frame(path: Path, number: int) -> npt.NDArray[np.uint8]:
    """Returns a frame `[H, W, 3]` uint8 of an animation; the last one where there are fewer."""
    with Image.open(path) as image:
        image.seek(max(0, min(number, getattr(image, "n_frames", 1) - 1)))
        rgba = np.asarray(image.convert("RGBA"))
    return view(rgba[..., :3], rgba[..., 3:], 1)
