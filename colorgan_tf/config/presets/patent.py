"""The patent (AU 2018100325) as written, with pix2pix's settings: U-Net of 54 M parameters, PatchGAN, YUV.

Cost: 20,000 steps of 4 windows of 512 x 256, each 2.2 s on two cores of an AMD EPYC with AVX512-BF16 (3.8 s in
float32), so half a day; 3.6 GB of memory.

Result after 1,000 steps with 32 filters (13.6 M parameters), on 253 photographs that it was not trained on: PSNR 0.21
dB below the grey copy's, 0.40 of the true colourfulness, 0.82 of the grey copy's Frechet distance (on EfficientNet
features; not comparable with FID). The whole schedule has not been run.
"""

from colorgan_tf.config.options import Config

CONFIG = Config(preset="patent")
