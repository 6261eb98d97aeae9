"""Pixel formats of video: a frame's planes to float luma and chroma and back, without an RGB picture in between.

Code values follow ITU-R BT.601 and BT.709 (limited range: luma 16-235, chroma 16-240 around 128 at 8 bit; both times
2^(bits-8) above) and JPEG/JFIF (full range). Chroma enters and leaves as the network's analog U and V (BT.601 factors)
and is turned into the Cb and Cr of the stream's own matrix.
"""

import dataclasses
import functools
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import av

# Luma weights (red, blue) by AVColorSpace number, ITU-T H.273 table 4.
_WEIGHTS = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.470 BG
    6: (0.299, 0.114),  # SMPTE 170M
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020
    10: (0.2627, 0.0593),
}
BT709, BT601 = 1, 6
LIMITED, FULL = 1, 2
_ZERO = np.zeros(4)
# Formats that are read plane by plane, with the log2 of their chroma subsampling across and down. Others are converted.
_PLANAR = {
    "gray": None,
    "yuv420p": (1, 1),
    "yuv422p": (1, 0),
    "yuv444p": (0, 0),
    "yuv440p": (0, 1),
    "yuv411p": (2, 0),
    "yuv410p": (2, 2),
}


@dataclasses.dataclass(frozen=True)
class PixelFormat:
    """How a frame's samples are stored and what they mean.

    Attributes:
        name: libavutil's pixel format name, e.g. "yuv420p10le".
        bits: bits a sample, 8 to 16.
        log2_chroma: log2 of the chroma subsampling (across, down); None for grey without chroma planes.
        full_range: whether luma spans all code values.
        matrix: AVColorSpace number of the YCbCr matrix.
    """

    name: str
    bits: int
    log2_chroma: tuple[int, int] | None
    full_range: bool
    matrix: int

    @property
    def scale(self) -> int:
        """Code values of one 8-bit step."""
        return 1 << (self.bits - 8)

    @property
    def black(self) -> int:
        """Code value of black."""
        return 0 if self.full_range else 16 * self.scale

    @property
    def luma_span(self) -> int:
        """Code values from black to white."""
        return (1 << self.bits) - 1 if self.full_range else 219 * self.scale

    @property
    def chroma_span(self) -> int:
        """Code values from Cb (Cr) = -0.5 to +0.5."""
        return (1 << self.bits) - 1 if self.full_range else 224 * self.scale

    @property
    def neutral(self) -> int:
        """Code value of no colour."""
        return 1 << (self.bits - 1)

    @property
    def dtype(self) -> type[np.generic]:
        """NumPy type of a sample."""
        return np.uint8 if self.bits == 8 else np.uint16

    def chroma_size(self, height: int, width: int) -> tuple[int, int]:
        """Returns (height, width) of a chroma plane; odd pictures round up, as libavutil does."""
        if self.log2_chroma is None:
            raise ValueError(f"`{self.name}` has no chroma planes.")
        across, down = self.log2_chroma
        return -(-height >> down), -(-width >> across)


def split_name(name: str) -> tuple[str, int] | None:
    """Splits a planar pixel format's name into that of its 8-bit form and its bits; None for other formats."""
    base = name.replace("yuvj", "yuv").removesuffix("le").removesuffix("be")
    bits = 8
    for depth in (9, 10, 12, 14, 16):
        for end in (f"p{depth}", f"gray{depth}"):
            if base.endswith(end):
                base, bits = base.removesuffix(str(depth)), depth
    if name.endswith("be") or base not in _PLANAR:
        return None
    return base, bits


def describe(name: str, matrix: int, color_range: int, height: int, width: int) -> PixelFormat:
    """Reads a stream's tags.

    Untagged YCbCr is taken as limited range, untagged grey as full range (swscale's own reading), and an untagged
    matrix as BT.709 from 720 lines on and BT.601 below (what players do).

    Args:
        name: pixel format name that `split_name` understands.
        matrix: AVColorSpace number of the stream, 2 or 0 where untagged.
        color_range: AVColorRange number, 0 where untagged.
        height: rows of the picture.
        width: columns of the picture.

    Raises:
        ValueError: the format is not read plane by plane.
    """
    parts = split_name(name)
    if parts is None:
        raise ValueError(f"`name` must be a planar YCbCr or grey format. Received: {name}.")
    base, bits = parts
    grey = base == "gray"
    if name.startswith("yuvj"):
        full = True
    elif color_range in (LIMITED, FULL):
        full = color_range == FULL
    else:
        full = grey
    return PixelFormat(name, bits, _PLANAR[base], full, known_matrix(matrix, height, width))


def known_matrix(matrix: int, height: int, width: int) -> int:
    """Returns the matrix, or where it is unknown or untagged that which players take for a picture of this size."""
    if matrix in _WEIGHTS:
        return matrix
    return BT709 if width >= 1280 or height > 576 else BT601


def readable_name(name: str) -> str:
    """Returns the planar format that a frame of format `name` is turned into before its planes are read.

    Planar YCbCr and grey stay as they are; packed, semi-planar and alpha formats go to the planar format of the same
    bits and sampling; RGB goes to 4:4:4.
    """
    if split_name(name) is not None:
        return name
    known = {"nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "nv24": "yuv444p", "p010le": "yuv420p10le"}
    known |= {"yuyv422": "yuv422p", "uyvy422": "yuv422p", "yvyu422": "yuv422p", "ya8": "gray", "monow": "gray"}
    known |= {"monob": "gray", "v210": "yuv422p10le", "y210le": "yuv422p10le", "p210le": "yuv422p10le"}
    if name in known:
        return known[name]
    if name.startswith("yuva"):
        return name.replace("yuva", "yuv").replace("be", "le")
    if name.endswith("be") and split_name(name[:-2] + "le"):
        return name[:-2] + "le"
    deep = any(str(depth) in name for depth in (10, 12, 14, 16, 48, 64))
    return "yuv444p10le" if deep else "yuv444p"


def plane(frame: Any, index: int, dtype: type[np.generic]) -> np.ndarray:
    """Returns a view `[height, width]` of one plane of a frame; it is valid as long as the frame is."""
    part = frame.planes[index]
    rows = np.frombuffer(part, dtype).reshape(part.height, -1)
    return rows[:, : part.width]


def to_luma(codes: np.ndarray, pixel_format: PixelFormat, size: tuple[int, int]) -> np.ndarray:
    """Reduces a luma plane to a network's input resolution.

    Args:
        codes: `[height, width]` uint8 or uint16 code values.
        pixel_format: what the code values mean.
        size: (height, width) to make.

    Returns:
        `[*size]` float32 in [0, 1]; what lies outside the nominal range is clipped.
    """
    import cv2

    codes = _reduce(codes, size)
    if codes.shape != size:
        enlarging = size[0] * size[1] > codes.shape[0] * codes.shape[1]
        codes = cv2.resize(codes, size[::-1], interpolation=cv2.INTER_LINEAR if enlarging else cv2.INTER_AREA)
    luma = (codes.astype(np.float32) - pixel_format.black) / pixel_format.luma_span
    return np.clip(luma, 0.0, 1.0)


def _reduce(codes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Averages whole blocks of 2x2 or more first: OpenCV does that many times faster than uneven reduction."""
    import cv2

    factor = min(codes.shape[0] // size[0], codes.shape[1] // size[1])
    if factor < 2:
        return codes
    factor = 1 << (factor.bit_length() - 1)
    height, width = codes.shape[0] // factor * factor, codes.shape[1] // factor * factor
    small = cv2.resize(codes[:height, :width], (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    return small if (height, width) == codes.shape else cv2.resize(codes, size[::-1], interpolation=cv2.INTER_AREA)


def chroma_matrix(matrix: int) -> np.ndarray:
    """Returns the 2x2 matrix from the network's (U, V) to (Cb, Cr) in [-0.5, 0.5] of a YCbCr matrix.

    U and V fix R, G and B minus BT.601 luma. Their luma under the stream's own weights is subtracted, so that the
    colour shown is the network's, at the stream's luma.
    """
    red, blue = _WEIGHTS[matrix]
    weights = np.array([red, 1.0 - red - blue, blue])
    # R, G, B minus Y for (U, V): BT.601, U = 0.492 (B - Y), V = 0.877 (R - Y).
    offsets = np.array([[0.0, 1 / 0.877], [-0.114 / 0.587 / 0.492, -0.299 / 0.587 / 0.877], [1 / 0.492, 0.0]])
    luma = weights @ offsets
    return np.stack([(offsets[2] - luma) / (2 * (1 - blue)), (offsets[0] - luma) / (2 * (1 - red))])


def chroma_codes(chroma: np.ndarray, pixel_format: PixelFormat) -> np.ndarray:
    """Turns `[height, width, 2]` U, V into float32 code values `[height, width, 2]`, neither rounded nor clipped."""
    import cv2

    factors = (chroma_matrix(pixel_format.matrix) * pixel_format.chroma_span).astype(np.float32)
    return cv2.transform(np.ascontiguousarray(chroma, np.float32), np.hstack([factors, [[pixel_format.neutral]] * 2]))


def chroma_planes(
    chroma: np.ndarray, pixel_format: PixelFormat, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Turns a chroma at input resolution into the stream's two chroma planes.

    The chroma goes straight to the plane's size, as float, and is rounded once.

    Args:
        chroma: `[rows, columns, 2]` float32 U and V.
        pixel_format: format to make, with chroma planes.
        height: rows of the whole picture.
        width: columns of the whole picture.

    Returns:
        Cb and Cr, each `pixel_format.chroma_size(height, width)`, of `pixel_format.dtype`.
    """
    import cv2

    rows, columns = pixel_format.chroma_size(height, width)
    codes = chroma_codes(chroma, pixel_format)
    low = 0 if pixel_format.full_range else 16 * pixel_format.scale
    high = (1 << pixel_format.bits) - 1 if pixel_format.full_range else 240 * pixel_format.scale
    np.clip(codes, low, high, out=codes)
    depth = cv2.CV_8U if pixel_format.bits == 8 else cv2.CV_16U
    shrinking = rows < chroma.shape[0]
    planes = []
    for channel in cv2.split(codes):
        if channel.shape != (rows, columns):
            how = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
            channel = cv2.resize(channel, (columns, rows), interpolation=how)
        planes.append(cv2.add(channel, _ZERO, dtype=depth))  # rounds and saturates in one pass
    return planes[0], planes[1]


def to_chroma(frame: "av.VideoFrame", pixel_format: PixelFormat, size: tuple[int, int]) -> np.ndarray:
    """Reads a frame's own chroma `[*size, 2]` float32 U and V, reduced; zeros for grey formats."""
    import cv2

    if pixel_format.log2_chroma is None:
        return np.zeros((*size, 2), np.float32)
    parts = []
    for index in (1, 2):
        codes = _reduce(plane(frame, index, pixel_format.dtype), size)
        if codes.shape != size:
            codes = cv2.resize(codes, size[::-1], interpolation=cv2.INTER_LINEAR)
        parts.append((codes.astype(np.float32) - pixel_format.neutral) / pixel_format.chroma_span)
    back = np.linalg.inv(chroma_matrix(pixel_format.matrix)).astype(np.float32)
    return np.stack(parts, axis=-1) @ back.T


def black_border(codes: np.ndarray, pixel_format: PixelFormat) -> tuple[int, int, int, int]:
    """Counts the rows and columns at each edge that are black throughout (letterbox, pillarbox, fade to black).

    Returns:
        Black rows at the top, at the bottom, black columns at the left, at the right. All of them for a black frame.
    """
    limit = pixel_format.black + round(0.02 * pixel_format.luma_span)
    height, width = codes.shape
    # Only the edges are read as long as they are not black: a frame without bars costs four lines.
    top = _black_run(codes, limit)
    if top == height:
        return height, 0, width, 0
    bottom = _black_run(codes[::-1], limit)
    inner = codes[top : height - bottom].T
    return top, bottom, _black_run(inner, limit), _black_run(inner[::-1], limit)


def _black_run(lines: np.ndarray, limit: int) -> int:
    for index, line in enumerate(lines):
        if line.max() > limit:
            return index
    return len(lines)


def blank_border(planes: tuple[np.ndarray, ...], border: tuple[int, int, int, int], pixel_format: PixelFormat) -> None:
    """Takes the colour out of the black border, in place, up to the last chroma sample that lies wholly in it."""
    if pixel_format.log2_chroma is None:
        return
    across, down = pixel_format.log2_chroma
    top, bottom, left, right = border
    for part in planes:
        part[: top >> down] = pixel_format.neutral
        part[part.shape[0] - (bottom >> down) :] = pixel_format.neutral
        part[:, : left >> across] = pixel_format.neutral
        part[:, part.shape[1] - (right >> across) :] = pixel_format.neutral


def convert_luma(codes: np.ndarray, source: PixelFormat, target: PixelFormat) -> np.ndarray:
    """Brings luma code values to another bit depth or range; where both are the same, returns the same array."""
    if source.full_range != target.full_range:
        table: np.ndarray = _range_table(source, target)[codes]
        return table
    if source.bits == target.bits:
        return codes
    if target.bits > source.bits:
        if not source.full_range:
            return codes.astype(np.uint16) << (target.bits - source.bits)
        return np.rint(codes * (target.luma_span / source.luma_span)).astype(np.uint16)
    shift = source.bits - target.bits
    return np.minimum((codes.astype(np.uint32) + (1 << (shift - 1))) >> shift, (1 << target.bits) - 1).astype(
        target.dtype
    )


@functools.lru_cache(maxsize=4)
def _range_table(source: PixelFormat, target: PixelFormat) -> np.ndarray:
    """Returns the target's luma code of each of the source's."""
    luma = (np.arange(1 << source.bits) - source.black) / source.luma_span
    codes = np.rint(target.black + luma * target.luma_span)
    return codes.clip(0, (1 << target.bits) - 1).astype(target.dtype)


def fill_frame(frame: Any, parts: tuple[np.ndarray, ...], pixel_format: PixelFormat) -> None:
    """Writes luma and, where the format has them, both chroma planes into a new frame."""
    for index, codes in enumerate(parts):
        part = frame.planes[index]
        rows: np.ndarray = np.frombuffer(part, pixel_format.dtype).reshape(part.height, -1)
        rows[:, : part.width] = codes


def field(frame: Any, number: int, pixel_format: PixelFormat) -> "av.VideoFrame":
    """Copies a field out of a woven frame: every other row of each plane, from row `number` (0 or 1) on."""
    import av

    part = av.VideoFrame(frame.width, frame.height // 2, frame.format.name)
    rows = tuple(plane(frame, index, pixel_format.dtype)[number::2] for index in range(len(frame.planes)))
    fill_frame(part, rows, pixel_format)
    part.pts, part.duration, part.time_base = frame.pts, frame.duration, frame.time_base
    part.color_range, part.colorspace = frame.color_range, frame.colorspace
    return part


def weave(top: Any, bottom: Any, pixel_format: PixelFormat) -> "av.VideoFrame":
    """Puts two fields together to a frame: the inverse of `field`."""
    import av

    frame = av.VideoFrame(top.width, top.height * 2, top.format.name)
    for index in range(len(frame.planes)):
        rows = plane(frame, index, pixel_format.dtype)
        rows[::2] = plane(top, index, pixel_format.dtype)
        rows[1::2] = plane(bottom, index, pixel_format.dtype)
    frame.pts, frame.duration, frame.time_base = top.pts, top.duration, top.time_base
    frame.color_range, frame.colorspace = top.color_range, top.colorspace
    return frame


def display_size(height: int, width: int, aspect: Fraction | None, rotation: int) -> tuple[int, int]:
    """Returns the (height, width) at which a viewer sees the picture: square pixels, upright."""
    if aspect:
        width = max(1, round(width * aspect))
    return (width, height) if rotation % 180 else (height, width)


def fit_to_luma(chroma: np.ndarray, luma: np.ndarray) -> np.ndarray:
    """Shrinks a chroma where no colour of the RGB cube has it at that luma: black stays black, white stays white.

    The cheap form of `colorgan_tf.color.merge` for planes: the bound is taken from luma alone, as the largest
    saturation that a quarter of all hues still reach, and falls to none at black and white.

    Args:
        chroma: `[height, width, 2]` float32 U and V.
        luma: `[height, width]` float32 in [0, 1].
    """
    import cv2

    room = np.minimum(luma * np.float32(1 / 0.06), (1.0 - luma) * np.float32(1 / 0.04))
    if float(room.min()) >= 1.0:
        return chroma
    np.clip(room, 0.0, 1.0, out=room)
    return cv2.merge([plane * room for plane in cv2.split(chroma)])
