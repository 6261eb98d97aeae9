"""One call that colours one file: what the window does for each, without the window. No Qt."""

from pathlib import Path

import colorgan_tf
from colorgan_tf import Quality
from colorgan_tf.errors import InputError, RequestError


def transform_img(
    path: str | Path,
    output: str | Path | None = None,
    *,
    model: str | Path | None = None,
    server: str | None = None,
    strength: float = 1.0,
    quality: Quality | str = Quality.GOOD,
    force: bool = False,
) -> Path:
    """Colours a picture, an animation or a film.

    The model is opened at the first call and kept for the next ones.

    Args:
        path: the file; its content, not its name, says what it is.
        output: folder of the result, made where it is missing; None puts it beside the original.
        model: a SavedModel folder, a .tflite or .onnx file or a training run. Default: the model that came with this.
        server: host:port of a TensorFlow Serving to colour with, in place of `model`.
        strength: of the colours, 0 (grey) to 2; 1 is the model's own.
        quality: how much work goes into it.
        force: colour what is in colour already; else it is copied.

    Returns:
        Where the coloured file is: `NAME-coloured.EXT`, or `NAME-coloured-2.EXT` where that exists. Films
        keep their container, by their content: what is named .avi but is an MP4 becomes .mp4.

    Raises:
        InputError: the file cannot be coloured, a setting is out of its range, or there is no such model or server.
    """
    from serving.desktop import model_choice
    from serving.desktop.session import input_files
    from serving.jobs import records
    from serving.jobs.records import JobSettings

    try:
        settings = records.changed_settings(JobSettings(), {"strength": strength, "quality": quality, "force": force})
        input_files.identify(Path(path))
    except RequestError as error:
        raise InputError(f"{path}: {error.text}") from error
    return colorgan_tf.colorize(
        path,
        output,
        model=None if server else model_choice.chosen(model),
        server=server,
        quality=settings.quality,
        saturation=settings.strength,
        force=settings.force,
    )
