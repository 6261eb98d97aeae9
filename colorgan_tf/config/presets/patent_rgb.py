"""For comparison with `patent`: the same network, but it generates R, G and B.

Cost: that of `patent`.

Result under the same conditions: PSNR 0.40 dB below the grey copy's, 0.38 of the true colourfulness, 0.83 of the grey
copy's Frechet distance (on EfficientNet features; not comparable with FID): behind YUV in each.
"""

from colorgan_tf.config.options import Config, HeadName, Model

CONFIG = Config(preset="patent_rgb", model=Model(head=HeadName.RGB))
