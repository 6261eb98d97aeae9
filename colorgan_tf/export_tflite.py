"""Command: converts an exported model to TensorFlow Lite, for phones and for fast work on processors.

    python -m colorgan_tf.export_tflite --model=saved_models/colorgan --output=out/
        [--precision=float32,float16,int8] [--calibration=photos/] [--data=photos/]

writes for each precision a file for any size that the model's multiple divides, one for 256 x 256 pixels and one for
256 x 512 (height x width), the settings of each beside it (NAME.json), and a report of size, time and quality. With
--data, int8 is handed out only if it loses at most 0.3 dB PSNR and 10 % of the Frechet gain.
"""

from pathlib import Path

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError

PRECISIONS = ("float32", "float16", "int8")


def define_flags() -> None:
    """Defines this command's flags."""
    examples = Path(__file__).parent.parent / "examples" / "photos"
    flags.DEFINE_string("model", None, "SavedModel: a servable's folder, or one of its versions.")
    flags.DEFINE_string("output", None, "Folder for the files.")
    flags.DEFINE_list("precision", list(PRECISIONS), f"Which of {', '.join(PRECISIONS)}.")
    flags.DEFINE_string("calibration", str(examples), "Folder of pictures in which int8 finds its ranges.")
    flags.DEFINE_integer("calibration_pictures", 100, "Most of them, evenly spread.", lower_bound=1)
    flags.DEFINE_string("data", None, "Folder of colour pictures to measure quality on.")
    flags.DEFINE_integer("limit", 0, "Most of them, evenly spread; 0 for all.", lower_bound=0)
    flags.DEFINE_integer("runs", 20, "Runs measured for the time.", lower_bound=1)


def main(argv: list[str]) -> None:
    """Converts the model that the flags name."""
    values = flags.FLAGS
    if len(argv) > 1:
        raise InputError(f"export_tflite takes flags only. Received: {argv[1]}.")
    for name in ("model", "output"):
        if not values[name].value:
            raise InputError(f"`{name}` must name a folder. Received: nothing.")
    unknown = [each for each in values.precision if each not in PRECISIONS]
    if unknown or not values.precision:
        raise InputError(
            f"`precision` must be of {', '.join(PRECISIONS)}. Received: {', '.join(unknown) or 'nothing'}."
        )
    from colorgan_tf.evaluation.true_pictures import load_pictures
    from colorgan_tf.export import tflite_files

    calibration = tflite_files.read_lumas(values.calibration, values.calibration_pictures)
    true = load_pictures(values.data, tflite_files.SIZE, values.limit).pictures if values.data else None
    print(tflite_files.export(values.model, values.output, values.precision, calibration, true, values.runs))


if __name__ == "__main__":
    define_flags()
    command.run(main)
