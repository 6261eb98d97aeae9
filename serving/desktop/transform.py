"""One call that colours one file: what the window does for each, without the window. No Qt."""

import functools
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from colorgan_tf.errors import InputError, RequestError
from colorgan_tf.inference.quality import Quality
from pipelines.media import names

if TYPE_CHECKING:  # OpenCV is not imported for --help
    from colorgan_tf.inference.backend import Backend


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
        model: a SavedModel folder, a .tflite file or a training run. Default: the model that came with this.
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
    from serving.desktop.session import input_files
    from serving.jobs import records, tasks
    from serving.jobs.records import JobSettings
    from serving.jobs.tasks import Task

    path = Path(path)
    folder = Path(output) if output is not None else path.absolute().parent
    try:
        settings = records.changed_settings(JobSettings(), {"strength": strength, "quality": quality, "force": force})
        kind = input_files.identify(path)
    except RequestError as error:
        raise InputError(f"{path}: {error.text}") from error
    backend = _backend(None if model is None else str(model), server)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Beside the result, so that it can be renamed into its place.
        with tempfile.TemporaryDirectory(prefix=".colouring-", dir=folder) as place:
            original = Path(place) / f"original{kind.suffix}"
            task = Task(Path(place), original, kind.kind, settings, input_files.LIMITS, keep_container=True)
            input_files.link(path, original)
            finished = tasks.run(task, backend, lambda progress: None, lambda: False)
            made = Path(place) / finished.result
            target = names.free(folder / f"{path.stem}-coloured{made.suffix}")
            os.replace(made, target)
    except OSError as error:
        raise InputError(f"`output` must be a folder that can be written. Received: {folder}: {error}.") from error
    return target


@functools.lru_cache(maxsize=1)
def _backend(model: str | None, server: str | None) -> "Backend":
    from serving.desktop import model_choice
    from serving.jobs.workers import Model

    return Model(None if server else model_choice.chosen(model), server).load()
