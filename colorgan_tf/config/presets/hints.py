"""The last phase of `colorgan` alone: teaches a model to take hints and references; its own colours stay as they are.

Cost: 2,000 steps of 16 windows of 224 px.
"""

import dataclasses

from colorgan_tf.config.presets import colorgan

CONFIG = dataclasses.replace(colorgan.CONFIG, preset="hints", phases=colorgan.CONFIG.phases[-1:])
