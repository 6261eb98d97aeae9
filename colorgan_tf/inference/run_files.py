"""The files of a training run, by name: written by the loop, read by `training_run` and `export`."""

CONFIG = "config.json"
DATA = "data.json"  # which pictures it is trained on
CHECKPOINTS = "checkpoints"  # everything that a resume needs
LAST, BEST = "last.weights.h5", "best.weights.h5"  # the generator's averaged weights
BEST_SCORE = "best.json"
LOG = "log.jsonl"
SAMPLES = "samples"
TENSORBOARD = "tensorboard"
