"""For tests and for trying things out: the patent's networks with an eighth of the filters.

Cost: 200 steps, a minute or two. Result: colours of no use.
"""

from colorgan_tf.config.options import Config, Data, Model, Phase, Runtime

CONFIG = Config(
    preset="tiny",
    data=Data(window=(256, 256), validation_pictures=8),
    model=Model(filters=8, discriminator_filters=8),
    phases=(Phase(steps=200),),
    runtime=Runtime(checkpoint_every=100),
)
