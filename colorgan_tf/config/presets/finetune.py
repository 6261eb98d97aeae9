"""The last phases of `colorgan`: from the shipped model (`--start`) to one's own pictures.

Cost: 1,500 steps of 16 windows of 224 px, 500 of them of the attention to hints alone.

Result: the shipped model itself came out of two runs of the first of these phases, 1,838 and 1,000 steps, each averaged
with what it began with (its card has the figures). The phases at their own rates have not been measured.
"""

import dataclasses

from colorgan_tf.config.options import Phase
from colorgan_tf.config.presets import colorgan

CONFIG = dataclasses.replace(
    colorgan.CONFIG,
    preset="finetune",
    phases=(
        Phase(
            name="adversarial",
            steps=1_000,
            learning_rate=4e-4,
            final_learning_rate=1e-6,
            warmup=100,
            discriminator_learning_rate=4e-4,
        ),
        dataclasses.replace(colorgan.CONFIG.phases[-1], steps=500),
    ),
)
