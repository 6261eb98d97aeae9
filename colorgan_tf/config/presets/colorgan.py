"""The recommended preset: pretrained encoder, colour as classification, adversarial last phase; 5.1 M parameters.

Cost: 13,300 steps of 16 windows of 224 px, the last 2,000 of them of the attention to hints alone. The shipped model
came about in several goes, see its card; this very schedule has not been run from beginning to end.

Result of the shipped model, on 253 photographs that it was not trained on (`python -m colorgan_tf.evaluate`): PSNR 1.21
dB above the grey copy's, 0.64 of the true colourfulness, 0.55 of the grey copy's Frechet distance (on EfficientNet
features; not comparable with FID); on 200 photographs of people 77 % of 91 faces natural, 12 % orange, 15 % of the skin
left grey.
"""

from colorgan_tf.config.options import (
    Config,
    Data,
    Decoding,
    Degradation,
    DiscriminatorName,
    EncoderTraining,
    GeneratorName,
    HeadName,
    Loss,
    Model,
    Optimizer,
    Phase,
    Runtime,
    TrainedPart,
)

CONFIG = Config(
    preset="colorgan",
    data=Data(window=(224, 224), zoom=(0.4, 1.0), stretch=1.5, degradation=Degradation.OLD_FILM),
    model=Model(
        generator=GeneratorName.EFFICIENT_UNET,
        dropout=0.3,
        drop_path=0.2,
        head=HeadName.BINS,
        output_stride=4,
        hints=True,
        discriminator=DiscriminatorName.PROJECTED,
        discriminator_filters=96,
    ),
    loss=Loss(lambda_p=1.0, lambda_a=0.2, lambda_f=4.0, rebalance=0.75, skin_weight=3.0),
    decoding=Decoding(temperature=0.8, chroma_gain=0.9, unsharp_mask=0.6),
    phases=(
        Phase(
            name="frozen",
            steps=700,
            learning_rate=2e-3,
            final_learning_rate=2e-3,
            warmup=100,
            discriminator_learning_rate=0.0,
            encoder=EncoderTraining.FROZEN,
        ),
        Phase(
            name="trained",
            steps=7_000,
            learning_rate=1e-3,
            final_learning_rate=1e-5,
            warmup=500,
            discriminator_learning_rate=0.0,
        ),
        Phase(
            name="adversarial",
            steps=3_600,
            learning_rate=7e-4,
            final_learning_rate=1e-5,
            warmup=100,
            discriminator_learning_rate=5e-4,
        ),
        Phase(
            name="hints",
            steps=2_000,
            learning_rate=3e-3,
            final_learning_rate=3e-5,
            warmup=50,
            discriminator_learning_rate=0.0,
            trains=TrainedPart.HINTS,
        ),
    ),
    optimizer=Optimizer(beta_1=0.9, weight_decay=0.01, clip_norm=1.0, encoder_rate=0.2, ema=0.998),
    runtime=Runtime(batch=16),
)
