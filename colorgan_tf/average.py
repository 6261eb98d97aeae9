"""Command: averages the weights of models that share a beginning, and exports the mean as one model.

    python -m colorgan_tf.average --model=runs/a --model=saved_models/colorgan --shares=0.7,0.3 --data=shards/ \\
        --output=saved_models/mine

Runs that began with the same weights mostly lie in one basin of the loss: their mean is often better than each of them
(model soups, Wortsman et al. 2022). Batch statistics cannot be averaged, so they are estimated anew on --data, as in
stochastic weight averaging (Izmailov et al. 2018). With one --model it only does that. `--set=decoding.chroma_gain=1.1`
and the like change the decoding after training.
"""

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_multi_string("model", [], "A run or an exported model; the first one's configuration is exported.")
    flags.DEFINE_list("shares", [], "What each model counts, in their order; all the same by default.")
    flags.DEFINE_enum("weights", "last", ["best", "last"], "Which of a run's weights.")
    flags.DEFINE_string("data", None, "Shards, pair files or photographs to estimate batch statistics on.")
    flags.DEFINE_integer("batches", 100, "How many batches of the configuration's size for that.", lower_bound=1)
    flags.DEFINE_multi_string("set", [], "Any option of the result, such as decoding.chroma_gain=1.1.")
    flags.DEFINE_string("output", None, "Folder of the servable; the next version is written into it.")


def main(argv: list[str]) -> None:
    """Averages and exports what the flags name."""
    del argv
    values = flags.FLAGS
    for name in ("model", "data", "output"):
        if not values[name].value:
            raise InputError(f"`{name}` must name a folder. Received: nothing.")
    try:
        shares = [float(share) for share in values.shares]
    except ValueError as error:
        raise InputError(f"`shares` must be numbers. Received: {', '.join(values.shares)}.") from error

    # TensorFlow is imported late, so that --help is quick.
    from colorgan_tf.export import saved_model
    from colorgan_tf.training import averaging

    generator = averaging.average(values.model, shares, values.weights, values.set)
    layers = averaging.estimate_statistics(generator, values.data, values.batches)
    windows = values.batches * generator.config.runtime.batch
    print(f"batch statistics of {layers} layers estimated on {windows} windows")
    print(f"exported {saved_model.write(generator, values.output, {}, 'average')}")


if __name__ == "__main__":
    define_flags()
    command.run(main)
