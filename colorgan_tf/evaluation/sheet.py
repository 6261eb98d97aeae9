"""A contact sheet of what was measured: each picture as the model saw it, as it was coloured, and the truth."""

from collections.abc import Sequence
from pathlib import Path

from colorgan_tf.evaluation.evaluator import ChromaFn, Evaluator, InputFn, spread
from pipelines.media.contact_sheet import contact_sheet


def write(
    evaluator: Evaluator,
    chroma_fn: ChromaFn,
    input_fn: InputFn | None,
    path: str | Path,
    most: int,
    names: Sequence[str],
) -> list[Path]:
    """Writes the sheet.

    Args:
        evaluator: with the true pictures.
        chroma_fn: colours.
        input_fn: gives the luma that `chroma_fn` sees, as for `Evaluator.report`.
        path: PNG file; further pages get numbers.
        most: pictures on the sheet, evenly spread; 0 for all.
        names: captions of all of the evaluator's pictures.

    Returns:
        The files written, one for each page.
    """
    numbers = spread(len(names), most)
    shown = (
        evaluator.inputs(numbers, input_fn),
        evaluator.colored(chroma_fn, numbers, input_fn),
        evaluator.pictures[numbers],
    )
    captions = [names[number] for number in numbers]
    return contact_sheet(list(zip(*shown, strict=True)), path, ("grey", "coloured", "true"), captions)
