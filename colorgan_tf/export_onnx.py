"""Command: converts an exported model to ONNX, for onnxruntime in any language and in a browser.

    python -m colorgan_tf.export_onnx --model=saved_models/colorgan --output=out/

writes out/colorgan.onnx (luma to chroma, any size); out/colorgan_hints.onnx and out/colorgan_reference.onnx where the
model can be told colours; and out/colorgan.json, the settings that are in the files' metadata too.
"""

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string("model", None, "SavedModel: a servable's folder, or one of its versions.")
    flags.DEFINE_string("output", None, "Folder for the files.")
    flags.DEFINE_string("license", "Apache-2.0", "The model's licence, as the metadata tells it: an SPDX identifier.")


def main(argv: list[str]) -> None:
    """Converts the model that the flags name."""
    values = flags.FLAGS
    if len(argv) > 1:
        raise InputError(f"export_onnx takes flags only. Received: {argv[1]}.")
    for name in ("model", "output"):
        if not values[name].value:
            raise InputError(f"`{name}` must name a folder. Received: nothing.")
    from colorgan_tf.export import onnx

    for path in onnx.export(values.model, values.output, values.license):
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    define_flags()
    command.run(main)
