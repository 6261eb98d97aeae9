"""Exports a training run as a SavedModel, the next version of a servable, with its settings, card and warm-up."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorgan_tf import config as config_lib
from colorgan_tf.errors import InputError
from colorgan_tf.inference import model_files, run_files, training_run
from pipelines.media import writing

if TYPE_CHECKING:  # TensorFlow is not imported for --help
    from colorgan_tf.networks.generator import Generator

CARD = "MODEL_CARD.md"


def export(workdir: str | Path, output: str | Path, weights: str = "best") -> Path:
    """Writes a run's network as the next version below `output`: beside it first, then renamed.

    Args:
        workdir: of the run.
        output: folder of the servable.
        weights: "best" or "last".

    Returns:
        The version's folder, with `assets.extra` holding settings, model card and warm-up requests.

    Raises:
        InputError: if there is no such run, or `output` cannot be written.
    """
    return write(training_run.generator(workdir, weights), output, _metrics(Path(workdir), weights), weights)


def write(generator: "Generator", output: str | Path, metrics: dict[str, Any], weights: str) -> Path:
    """Writes a model as the next version below `output`: beside it first, then renamed.

    Args:
        generator: with the weights to export.
        output: folder of the servable.
        metrics: what is known of its quality, for settings and model card.
        weights: which of the run's weights they are.

    Raises:
        InputError: if `output` cannot be written.
    """
    from colorgan_tf.export import signatures, warmup_records

    output = Path(output)
    try:
        output.mkdir(parents=True, exist_ok=True)
        version = output / str(1 + max((int(each.name) for each in output.iterdir() if each.name.isdigit()), default=0))
        # TensorFlow Serving takes a folder for a version as soon as its name is a number.
        module = signatures.ExportModule(generator)
        with writing.beside(version) as unfinished:
            module.save(unfinished)
            extra = unfinished / model_files.SETTINGS.parent
            extra.mkdir(exist_ok=True)
            settings = {
                "input_resolution": generator.config.input_resolution,
                "multiple": generator.multiple,
                "weights": weights,
                "metrics": metrics,
                "config": dataclasses.asdict(generator.config),
            }
            (unfinished / model_files.SETTINGS).write_text(json.dumps(settings, indent=2) + "\n")
            (extra / CARD).write_text(card(generator.config, generator.network.count_params(), metrics))
            warmup_records.write(extra, output.name, module.names, generator.config.input_resolution)
    except OSError as error:
        raise InputError(f"`output` must be a folder that can be written. Received: {error}.") from error
    return version


def card(config: config_lib.Config, parameters: int, metrics: dict[str, Any]) -> str:
    """Returns a model card in Markdown, of what is known of the run."""
    from colorgan_tf.metrics.pictures import FRECHET_NOTE  # late: OpenCV is not imported for --help

    model, phases = config.model, config.phases
    lines = [
        f"# ColorGAN model: preset `{config.preset}`",
        "",
        f"- Generator: `{model.generator}`, head `{model.head}`, {parameters:,} parameters.",
        f"- Input: luma (BT.601) in [0, 1], any size; trained at {config.data.window[0]} x {config.data.window[1]}.",
        "- Output: chroma, U in [-0.436, 0.436] and V in [-0.615, 0.615]; the picture keeps its own luma.",
        f"- Training: {config.steps:,} steps of {config.runtime.batch} pictures: "
        + ", ".join(f"{phase.name} {phase.steps:,}" for phase in phases)
        + f"; seed {config.runtime.seed}.",
        "",
        "## Measures on the validation pictures",
        "",
        "| measure | value |",
        "|---|---|",
        *(f"| {name} | {value:.4g} |" for name, value in metrics.items()),
        "",
        f"`frechet` is the Frechet distance {FRECHET_NOTE}.",
        "",
        "Colours are plausible, not historical truth: the model guesses from what it has seen.",
        "",
    ]
    return "\n".join(lines)


def _metrics(workdir: Path, weights: str) -> dict[str, Any]:
    """The run's validation measures at the step of the chosen weights."""
    log = workdir / run_files.LOG
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []
    measured = [line for line in lines if line.get("group") == "validation"]
    if not measured:
        return {}
    chosen = min(measured, key=lambda line: line["frechet"]) if weights == "best" else measured[-1]
    return {name: value for name, value in chosen.items() if name not in ("time", "group")}
