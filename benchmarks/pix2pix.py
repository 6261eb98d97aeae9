"""A plain pix2pix as TensorFlow's own tutorial builds it: the yardstick of `benchmarks.train_step`.

After https://www.tensorflow.org/tutorials/generative/pix2pix: blocks as `Sequential`s, two gradient tapes, two Adams,
one `tf.function`. Only the channels (grey in, two of chroma out) and the picture's size are the project's.
"""

from collections.abc import Callable

import tensorflow as tf

KERNEL = 4
WIDTHS = (1, 2, 4, 8, 8, 8, 8, 8)
LAMBDA = 100


def step(filters: int = 64) -> tuple[Callable, int]:
    """Builds both networks, their optimizers and the compiled training step.

    Args:
        filters: of the outermost blocks; 64 in the tutorial.

    Returns:
        A function of luma `[batch, height, width, 1]` in [0, 1] and chroma `[batch, height, width, 2]` that trains once
        and returns the losses; and the number of the generator's parameters.
    """
    generator, discriminator = _generator(filters), _discriminator(filters)
    cross_entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)
    generator_optimizer = tf.keras.optimizers.Adam(2e-4, beta_1=0.5)
    discriminator_optimizer = tf.keras.optimizers.Adam(2e-4, beta_1=0.5)

    @tf.function
    def train_step(input_image, target):
        with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
            gen_output = generator(input_image, training=True)
            disc_real_output = discriminator([input_image, target], training=True)
            disc_generated_output = discriminator([input_image, gen_output], training=True)
            gan_loss = cross_entropy(tf.ones_like(disc_generated_output), disc_generated_output)
            gen_total_loss = gan_loss + LAMBDA * tf.reduce_mean(tf.abs(target - gen_output))
            real_loss = cross_entropy(tf.ones_like(disc_real_output), disc_real_output)
            generated_loss = cross_entropy(tf.zeros_like(disc_generated_output), disc_generated_output)
            disc_loss = real_loss + generated_loss
        generator_gradients = gen_tape.gradient(gen_total_loss, generator.trainable_variables)
        discriminator_gradients = disc_tape.gradient(disc_loss, discriminator.trainable_variables)
        generator_optimizer.apply_gradients(zip(generator_gradients, generator.trainable_variables, strict=True))
        discriminator_optimizer.apply_gradients(
            zip(discriminator_gradients, discriminator.trainable_variables, strict=True)
        )
        return gen_total_loss, disc_loss

    return train_step, generator.count_params()


def _downsample(filters: int, apply_batchnorm: bool = True):
    result = tf.keras.Sequential()
    result.add(
        tf.keras.layers.Conv2D(
            filters, KERNEL, strides=2, padding="same", kernel_initializer=_initializer(), use_bias=False
        )
    )
    if apply_batchnorm:
        result.add(tf.keras.layers.BatchNormalization())
    result.add(tf.keras.layers.LeakyReLU())
    return result


def _upsample(filters: int, apply_dropout: bool = False):
    result = tf.keras.Sequential()
    result.add(
        tf.keras.layers.Conv2DTranspose(
            filters, KERNEL, strides=2, padding="same", kernel_initializer=_initializer(), use_bias=False
        )
    )
    result.add(tf.keras.layers.BatchNormalization())
    if apply_dropout:
        result.add(tf.keras.layers.Dropout(0.5))
    result.add(tf.keras.layers.ReLU())
    return result


def _generator(filters: int):
    inputs = tf.keras.layers.Input(shape=[None, None, 1])
    x = inputs
    skips = []
    for level, width in enumerate(WIDTHS):
        x = _downsample(filters * width, apply_batchnorm=level > 0)(x)
        skips.append(x)
    for level, (width, skip) in enumerate(zip(WIDTHS[-2::-1], skips[-2::-1], strict=True)):
        x = _upsample(filters * width, apply_dropout=level < 3)(x)
        x = tf.keras.layers.Concatenate()([x, skip])
    last = tf.keras.layers.Conv2DTranspose(
        2, KERNEL, strides=2, padding="same", kernel_initializer=_initializer(), activation="tanh"
    )
    return tf.keras.Model(inputs=inputs, outputs=last(x))


def _discriminator(filters: int):
    inputs = tf.keras.layers.Input(shape=[None, None, 1])
    target = tf.keras.layers.Input(shape=[None, None, 2])
    x = tf.keras.layers.concatenate([inputs, target])
    for level, width in enumerate((1, 2, 4)):
        x = _downsample(filters * width, apply_batchnorm=level > 0)(x)
    x = tf.keras.layers.ZeroPadding2D()(x)
    x = tf.keras.layers.Conv2D(filters * 8, KERNEL, strides=1, kernel_initializer=_initializer(), use_bias=False)(x)
    x = tf.keras.layers.BatchNormalization()(x)
    x = tf.keras.layers.LeakyReLU()(x)
    x = tf.keras.layers.ZeroPadding2D()(x)
    x = tf.keras.layers.Conv2D(1, KERNEL, strides=1, kernel_initializer=_initializer())(x)
    return tf.keras.Model(inputs=[inputs, target], outputs=x)


def _initializer():
    return tf.random_normal_initializer(0.0, 0.02)
