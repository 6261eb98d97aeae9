"""ColorGAN TF: colours black-and-white photographs, animations and films; every picture keeps its own luma.

A file of any kind, coloured beside the original:

    import colorgan_tf
    colorgan_tf.colorize("photo.jpg")  # writes photo-coloured.jpg

Arrays, with the model that came with the project, another one, or one on a server:

    colorizer = colorgan_tf.Colorizer.load()
    rgb = colorizer.picture(luma)  # [height, width, 1] float32 in [0, 1] to [height, width, 3] uint8

Nothing heavy is imported before it is used: TensorFlow, OpenCV and PyAV come with the first call.
"""

import functools
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from colorgan_tf.inference.quality import Quality
from colorgan_tf.version import __version__

if TYPE_CHECKING:
    from colorgan_tf.inference.backend import Backend
    from colorgan_tf.inference.colorizer import Colorizer

__all__ = ["Colorizer", "Quality", "__version__", "colorize"]


def colorize(
    path: str | Path,
    output: str | Path | None = None,
    *,
    model: str | Path | None = None,
    server: str | None = None,
    quality: Quality | str = Quality.GOOD,
    saturation: float = 1.0,
    force: bool = False,
) -> Path:
    """Colours a picture, an animation or a film.

    The model is opened at the first call and kept for the next ones.

    Example:
        >>> import colorgan_tf
        >>> colorgan_tf.colorize("photo.png").name
        'photo-coloured.png'
        >>> colorgan_tf.colorize("photo.png", "out", quality="fast", saturation=0.8).as_posix()
        'out/photo-coloured.png'

    Args:
        path: the file; its content, not its name, says what it is.
        output: folder of the result, made where it is missing; None puts it beside the original.
        model: a SavedModel folder, a .tflite or .onnx file or a training run; None for the shipped model.
        server: host:port of a TensorFlow Serving to colour with, in place of `model`.
        quality: how much work goes into it.
        saturation: gain of the colours; 1 is the model's own, 0 is grey.
        force: colour what is in colour already; else it is copied.

    Returns:
        Where the coloured file is: `NAME-coloured.EXT`, or `NAME-coloured-2.EXT` where that exists. The ending follows
        the content: what is named .avi but is an MP4 becomes .mp4.

    Raises:
        InputError: the file cannot be coloured, `output` cannot be written, or there is no such model or server.
    """
    from colorgan_tf.errors import InputError
    from colorgan_tf.inference import model_files
    from colorgan_tf.inference.colorizer import Colorizer
    from pipelines.colorize_file import ColorizeOptions, colorize_file
    from pipelines.media import formats, names

    if model and server:
        raise InputError(f"`model` and `server` must not be given together. Received: {model} and {server}.")
    path = Path(path)
    folder = path.absolute().parent if output is None else Path(output)
    suffix = formats.suffix_by_content(path)
    colorizer = Colorizer(_backend(model or model_files.default_path(quality), server), quality, saturation)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = names.free(folder / f"{path.stem}-coloured{suffix}")
        colorize_file(path, target, colorizer, ColorizeOptions(force=force, effort=quality))
    except OSError as error:
        raise InputError(f"`output` must be a folder that can be written. Received: {folder}: {error}.") from error
    return target


@functools.lru_cache(maxsize=1)
def _backend(model: str | Path, server: str | None) -> "Backend":
    if server:
        from serving.client import Client

        return Client(server)
    from colorgan_tf.inference import backends

    return backends.load(model)


def __getattr__(name: str) -> Any:
    if name == "Colorizer":  # which needs OpenCV
        from colorgan_tf.inference.colorizer import Colorizer

        return Colorizer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _Package(ModuleType):
    """Keeps `colorgan_tf.colorize` the function: an import of the command of the same name would put a module there."""

    def __setattr__(self, name: str, value: object) -> None:
        if name != "colorize" or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
