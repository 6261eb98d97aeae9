"""Command: trains short runs of one budget that differ from the `colorgan` preset in one thing each, and compares them.

    python -m benchmarks.ablations --data=shards/ --validation=photos/ --output=ablations/ [--steps=400] [--only=..]

Each run is a folder below --output, trained by `colorgan_tf.train` and measured by `colorgan_tf.evaluate` on clean and
on degraded pictures. What is done is not done again, so the command may be stopped and started at will; it ends by
printing the table of all that is there (and writes it to OUTPUT/table.md).
"""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

from absl import flags

from benchmarks import machine
from colorgan_tf import command
from colorgan_tf import config as config_lib
from colorgan_tf.errors import InputError, PartialFailure

PRESET = "colorgan"
# The patent's weight of the pixel loss; and no decoding that was chosen for bins.
REGRESSION = ("loss.lambda_p=100", "decoding.chroma_gain=1", "decoding.chroma_gamma=1")


def without_hints() -> list[str]:
    """Returns what leaves out of the preset what trains hints: the runs are about the network's own colours."""
    phases = [each for each in config_lib.preset(PRESET).phases if each.trains == config_lib.TrainedPart.NETWORK]
    return [f"phases={json.dumps([dataclasses.asdict(each) for each in phases])}", "model.hints=false"]


def variants() -> dict[str, list[str]]:
    """Returns by name what each run sets otherwise than the preset."""
    phases = range(len(config_lib.override(config_lib.preset(PRESET), without_hints()).phases))
    return {
        "the preset": [],
        "regression of UV": ["model.head=yuv", *REGRESSION],
        "regression of RGB": ["model.head=rgb", *REGRESSION],
        "bins not rebalanced": ["loss.rebalance=1.0"],
        "bins rebalanced more": ["loss.rebalance=0.5"],
        "encoder frozen": [f"phases.{phase}.encoder=frozen" for phase in phases],
        "no adversarial phase": [f"phases.{phases[-1]}.discriminator_learning_rate=0"],
        "no degradations": ["data.degradation=none"],
        "the patent's U-Net": [
            "model.generator=unet",
            "model.filters=32",
            "data.window=[256, 256]",
        ],
        "less augmentation": ["data.zoom=[0.6, 1]", "data.stretch=1", "model.dropout=0.1", "model.drop_path=0"],
        "the patent's PatchGAN": ["model.discriminator=patch", "model.discriminator_levels=2"],
        "feature loss alone": ["loss.lambda_a=0"],
        "adversarial loss alone": ["loss.lambda_f=0"],
    }


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string("data", None, "Shards or pictures to train on.")
    flags.DEFINE_string("validation", None, "Folder of colour pictures to measure on.")
    flags.DEFINE_string("output", None, "Folder of the runs.")
    flags.DEFINE_integer("steps", 400, "Steps of each run.", lower_bound=10)
    flags.DEFINE_list("only", [], "Names of runs; all by default.")


def run(name: str, settings: list[str], data: str, validation: str, output: Path, steps: int) -> None:
    """Trains and measures one run, as far as it is not done yet.

    Raises:
        PartialFailure: if one of the commands fails; its own message is on the screen.
    """
    folder = output / name.replace(" ", "_")
    options = [f"--set={each}" for each in (*without_hints(), *settings)]
    train = ["colorgan_tf.train", f"--preset={PRESET}", f"--data={data}", f"--workdir={folder}", f"--steps={steps}"]
    evaluate = ["colorgan_tf.evaluate", f"--model={folder}", f"--data={validation}"]
    if not (folder / "degraded.json").exists():
        _call([*train, f"--checkpoint_every={steps}", f"--validation={validation}", *options])
        _call([*evaluate, f"--json={folder / 'clean.json'}"])
        _call([*evaluate, "--degraded", f"--json={folder / 'degraded.json'}"])


def table(output: Path) -> str:
    """Returns the figures of all runs that are measured, as a Markdown table."""
    lines = [
        "| run | PSNR above grey, dB | colourfulness / true | Frechet / grey's | the same on degraded pictures |",
        "|---|---|---|---|---|",
    ]
    for name in variants():
        folder = output / name.replace(" ", "_")
        if (folder / "degraded.json").exists():
            clean, degraded = (json.loads((folder / f"{each}.json").read_text()) for each in ("clean", "degraded"))
            lines.append(f"| {name} | {' | '.join(_figures(clean))} | {', '.join(_figures(degraded))} |")
    return "\n".join(lines)


def _figures(report: dict) -> list[str]:
    return [
        f"{report['psnr_gain']:+.2f}",
        f"{report['colorfulness_ratio']:.2f}",
        f"{report['frechet_ratio']:.2f}",
    ]


def _call(arguments: list[str]) -> None:
    if subprocess.run([sys.executable, "-m", *arguments]).returncode:
        raise PartialFailure(f"{' '.join(arguments)} failed.")


def main(argv: list[str]) -> None:
    """Does the runs that the flags name and prints the table."""
    del argv
    values = flags.FLAGS
    for name in ("data", "validation", "output"):
        if not values[name].value:
            raise InputError(f"`{name}` must name a folder. Received: nothing.")
    unknown = set(values.only) - set(variants())
    if unknown:
        raise InputError(f"`only` must name runs of {', '.join(variants())}. Received: {', '.join(unknown)}.")
    output = Path(values.output)
    for name, settings in variants().items():
        if not values.only or name in values.only:
            run(name, settings, values.data, values.validation, output, values.steps)
    text = table(output)
    (output / "table.md").write_text(text + "\n")
    print(f"{machine.describe()}; {values.steps} steps each\n\n{text}")


if __name__ == "__main__":
    define_flags()
    command.run(main)
