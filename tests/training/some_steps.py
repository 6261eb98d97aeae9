"""Trains some steps in one back end, from weights and pictures that do not depend on it, and stores what comes out.

KERAS_BACKEND=jax python some_steps.py PRESET RESULT.npz
"""

import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras import ops

from colorgan_tf import config as config_lib
from colorgan_tf.training import random_numbers, trainers

STEPS = 3
SETTINGS = (
    "model.decoder=[16,16,12,8]",
    "model.discriminator_filters=8",
    "model.dropout=0",
    "model.drop_path=0",
    "runtime.batch=2",
    "runtime.precision=float32",
    f"runtime.backend={keras.backend.backend()}",
)


def train(preset: str) -> dict[str, np.ndarray]:
    """Returns the scores of each step, the weights after them and the chroma that they give."""
    config = config_lib.override(config_lib.preset(preset), SETTINGS)
    phase = next(each for each in config.phases if each.adversarial or preset == "hints")
    trainer = trainers.choose(config)
    trainer.build(None, "")
    gan = trainer.gan
    generator = np.random.default_rng(0)
    for weight in [*gan.generator.model.variables, *gan.adversary.network.variables]:
        if "seed_generator" in weight.path or weight.path.startswith(("stem_", "block")):
            continue  # those of ImageNet stay
        spread = 0.05 if len(weight.shape) > 1 else 0.01
        offset = 1.0 if weight.name in ("gamma", "moving_variance") else 0.0
        weight.assign(offset + spread * generator.standard_normal(weight.shape).astype(np.float32))
    luma = generator.uniform(size=(2, 64, 96, 1)).astype(np.float32)
    luma = np.sort(luma, axis=2)
    chroma = np.concatenate([0.2 * luma - 0.1, 0.15 - 0.3 * luma], axis=-1)
    batch = tuple(map(ops.convert_to_tensor, (luma, chroma)))
    results = {}
    step = trainer.step(phase)
    for number in range(STEPS):
        results |= {f"{number} {name}": float(value) for name, value in step(batch).items()}
    results |= {weight.path: ops.convert_to_numpy(weight) for weight in gan.generator.model.trainable_variables}
    results["chroma"] = ops.convert_to_numpy(gan(luma))
    if gan.generator.hints:
        told = np.zeros((2, 64, 96, 3), np.float32)
        told[:, 10:14, 20:24] = 0.2, -0.1, 1.0
        results["chroma by hints"] = ops.convert_to_numpy(gan.generator.chroma_by_hints(luma, told))
    return {name: np.asarray(value) for name, value in results.items()}


def same_numbers(shape: tuple[int, ...], seed: object, stream: int) -> np.ndarray:
    """In place of the back ends' own random numbers."""
    return np.random.default_rng(stream).uniform(size=shape).astype(np.float32)


if __name__ == "__main__":
    random_numbers.uniform = same_numbers
    np.savez(sys.argv[2], **{name.replace("/", " "): value for name, value in train(sys.argv[1]).items()})
