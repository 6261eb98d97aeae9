"""The last phase of `colorgan` alone: teaches a model to take hints and references; its own colours stay as they are.

Cost: 2,000 steps of 16 windows of 224 px. The shipped model took 2,050 of 8 windows of 160 px, 54 minutes on two cores.

Result of the shipped model: ten true hints at random places better the PSNR by 4.0 dB (`python -m benchmarks.hints`).
"""

import dataclasses

from colorgan_tf.config.presets import colorgan

CONFIG = dataclasses.replace(colorgan.CONFIG, preset="hints", phases=colorgan.CONFIG.phases[-1:])
