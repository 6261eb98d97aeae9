"""ColorGAN: generator and discriminator as one Keras model with its own training step."""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from colorgan_tf.config import Config, GeneratorName, Phase, TrainedPart
from colorgan_tf.networks import efficient_unet
from colorgan_tf.networks.generator import Generator
from colorgan_tf.training import adversaries, losses, told_colors
from colorgan_tf.training.adam import Adam
from colorgan_tf.training.schedule import PhaseSchedule

_BY_REFERENCE = 3  # one picture in so many is told by a reference, in phases that train hints


class ColorLesson(NamedTuple):
    """What a step of both networks learns from.

    Attributes:
        luma: `[batch, height, width, 1]` in [0, 1].
        small_luma: `[batch, h, w, 1]`, at the output's resolution.
        chroma: `[batch, h, w, 2]`: the true U and V.
        truth: the adversary's features of the true pictures; none in phases without it.
    """

    luma: keras.KerasTensor
    small_luma: keras.KerasTensor
    chroma: keras.KerasTensor
    truth: list[keras.KerasTensor]


class HintLesson(NamedTuple):
    """What a step of the attention to hints learns from: pictures told by hints, and pictures told by a reference.

    Attributes:
        luma_by_hints: `[batch, height, width, 1]` in [0, 1].
        hints: `[batch, height, width, 3]`: U, V and trust.
        true_by_hints: `[batch, h, w, 2]`: U and V at the output's resolution.
        luma_by_reference: `[others, height, width, 1]`.
        other_luma: `[others, height, width, 1]`: of the references.
        other_chroma: `[others, height, width, 2]`: of the references.
        true_by_reference: `[others, h, w, 2]`.
    """

    luma_by_hints: keras.KerasTensor
    hints: keras.KerasTensor
    true_by_hints: keras.KerasTensor
    luma_by_reference: keras.KerasTensor
    other_luma: keras.KerasTensor
    other_chroma: keras.KerasTensor
    true_by_reference: keras.KerasTensor


Lesson = ColorLesson | HintLesson


class Objectives(NamedTuple):
    """What a step is to make small.

    Attributes:
        generator: scalar, of the generator's weights.
        discriminator: scalar, of the discriminator's weights; 0 in phases without it.
        scores: scalars for the log.
    """

    generator: keras.KerasTensor
    discriminator: keras.KerasTensor
    scores: dict[str, keras.KerasTensor]


class ColorGAN(keras.Model):
    """A conditional GAN that gives luma its chroma.

    Batches are pairs: luma `[batch, height, width, 1]` in [0, 1], chroma `[batch, height, width, 2]` (U, V).
    `build_optimizers()` (within the distribution strategy's scope) makes it ready; then, in the TensorFlow back end,
    `train_step` may be called by `fit` on one device, or by a loop of one's own through `strategy.run`; in JAX, see
    `jax_trainer`.

    Args:
        config: the run's configuration.
    """

    def __init__(self, config: Config):
        super().__init__(name="colorgan")
        self.config = config
        self.generator = Generator(config)
        self.adversary = adversaries.build(config.model, self.generator.head)
        # Keras tracks the layers that it finds among a model's attributes.
        self.networks = [self.generator.model, self.adversary.network]
        self.phase = config.phases[0]
        # By the ImageNet weights, whatever others are loaded later: a resumed run must have the same.
        self.encoder_rates = self._encoder_rates()

    def build_optimizers(self) -> None:
        """Creates what only training needs: both Adam optimizers with all their slots, so that a checkpoint finds them
        when it is restored, and what the adversary looks at pictures with.
        """
        # compile() without arguments would add an RMSprop that nobody uses to every checkpoint.
        super().compile(optimizer=None)
        options, phases = self.config.optimizer, self.config.phases
        clip = options.clip_norm or None
        self.generator_optimizer = Adam(
            PhaseSchedule.of_generator(phases),
            options.beta_1,
            weight_decay=options.weight_decay or None,
            global_clipnorm=clip,
            rates=self.encoder_rates,
            use_ema=True,
            # A short run would end as an average over its own random start.
            ema_momentum=min(options.ema, max(0.0, 1.0 - 10.0 / self.config.steps)),
        )
        if options.weight_decay:
            self.generator_optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self.discriminator_optimizer = Adam(
            PhaseSchedule.of_discriminator(phases), options.beta_1, global_clipnorm=clip
        )
        if self.generator.network.dtype_policy.name == "mixed_float16" or _computes_in_float16(self.generator.network):
            self.generator_optimizer = keras.optimizers.LossScaleOptimizer(self.generator_optimizer)
            self.discriminator_optimizer = keras.optimizers.LossScaleOptimizer(self.discriminator_optimizer)
        self.generator_optimizer.build(self.generator.model.trainable_variables)
        self.discriminator_optimizer.build(self.adversary.network.trainable_variables)
        self.adversary.prepare()

    @property
    def noise_state(self) -> list[keras.Variable]:
        """The state of the generator's dropout noise, which Keras leaves out of a model's checkpoint."""
        return [each for each in self.generator.network.variables if each.path.endswith("seed_generator_state")]

    def begin(self, phase: Phase) -> None:
        """Sets what the next training steps do; a step that was traced before must be traced anew."""
        self.phase = phase

    def call(self, luma: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the chroma `[batch, height, width, 2]` for luma of any size."""
        return self.generator.chroma(luma)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Trains both networks once, each in its turn, on one replica's batch, in the TensorFlow back end.

        Returns:
            The replica's losses, see `objectives`.
        """
        # Keras optimizers sum gradients over replicas.
        share = 1.0 / tf.distribute.get_strategy().num_replicas_in_sync
        generator_weights, discriminator_weights = self.learning_weights()
        # Before the tape, which would keep every step on the way.
        lesson = self.lesson(batch, tf.distribute.get_replica_context().replica_id_in_sync_group)
        with tf.GradientTape(persistent=True) as tape:
            objectives = self.objectives(lesson)
            generator_loss = self.generator_optimizer.scale_loss(objectives.generator * share)
            discriminator_loss = self.discriminator_optimizer.scale_loss(objectives.discriminator * share)
        # The discriminator's turn, then the generator's.
        if discriminator_weights:
            gradients = tape.gradient(discriminator_loss, discriminator_weights)
            self.discriminator_optimizer.apply_gradients(zip(gradients, discriminator_weights, strict=True))
        gradients = tape.gradient(generator_loss, generator_weights)
        self.generator_optimizer.apply_gradients(zip(gradients, generator_weights, strict=True))
        return objectives.scores

    def learning_weights(self) -> tuple[list[keras.Variable], list[keras.Variable]]:
        """Returns the weights of the generator and of the discriminator that learn in this phase."""
        if self.phase.trains == TrainedPart.HINTS:
            assert self.generator.hints is not None
            return self.generator.hints.trainable_variables, []
        learning = self.generator.network.trainable_variables
        if self.config.model.generator != GeneratorName.UNET:
            learning = [each for each in learning if efficient_unet.learns(each.path, self.phase.encoder)]
        return learning, self.adversary.network.trainable_variables if self.phase.adversarial else []

    def lesson(self, batch: tuple[keras.KerasTensor, keras.KerasTensor], replica: keras.KerasTensor | int) -> Lesson:
        """Returns what a step learns from a batch: all that no weight that learns has a part in.

        Args:
            batch: luma and chroma.
            replica: number of the one that asks; each draws other hints.
        """
        luma, chroma = batch
        reduced = self.generator.at_output_resolution
        if self.phase.trains == TrainedPart.HINTS:
            return self._hint_lesson(luma, chroma, replica)
        small_luma, small_chroma = reduced(luma), reduced(chroma)
        truth = []
        if self.phase.adversarial:
            target = self.generator.head.target(small_luma, small_chroma)
            truth = self.adversary.features(luma, small_luma, target)
        return ColorLesson(luma, small_luma, small_chroma, truth)

    def objectives(self, lesson: Lesson) -> Objectives:
        """Returns what both networks are to make small, given a lesson, with the weights as they are.

        The scores are: generator and pixel, and in adversarial phases adversarial, discriminator and, with a projected
        discriminator, feature; of hints, those by hints and by reference.
        """
        return self._hint_objectives(lesson) if isinstance(lesson, HintLesson) else self._color_objectives(lesson)

    def _color_objectives(self, lesson: ColorLesson) -> Objectives:
        options = self.config.loss
        output = self.generator.network(lesson.luma, training=True)
        pixel = self._pixel_loss(output, lesson.small_luma, lesson.chroma)
        generator_loss, discriminator_loss = options.lambda_p * pixel, ops.zeros(())
        scores: dict[str, keras.KerasTensor] = {}
        if self.phase.adversarial:
            colour = self.generator.head.colour(output)
            guess = self.adversary.features(lesson.luma, lesson.small_luma, colour)
            real_logits, generated_logits = self.adversary.logits(lesson.truth), self.adversary.logits(guess)
            adversarial = losses.mean_over_levels(losses.adversarial_loss, generated_logits)
            discriminator_loss = losses.mean_over_levels(losses.discriminator_loss, real_logits, generated_logits)
            generator_loss += options.lambda_a * adversarial
            scores |= {"adversarial": adversarial, "discriminator": discriminator_loss}
            feature = self.adversary.feature_loss(guess, lesson.truth)
            if feature is not None:
                generator_loss += options.lambda_f * feature
                scores["feature"] = feature
        return Objectives(generator_loss, discriminator_loss, {"generator": generator_loss, "pixel": pixel, **scores})

    def test_step(self, batch: tuple[keras.KerasTensor, keras.KerasTensor]) -> dict[str, keras.KerasTensor]:
        """Returns the pixel loss of one batch with the weights as they are, without dropout."""
        luma, chroma = batch
        output = self.generator.network(luma, training=False)
        reduced = self.generator.at_output_resolution
        small_luma, small_chroma = reduced(luma), reduced(chroma)
        return {"pixel": self._pixel_loss(output, small_luma, small_chroma)}

    def _hint_lesson(
        self, luma: keras.KerasTensor, chroma: keras.KerasTensor, replica: keras.KerasTensor | int
    ) -> HintLesson:
        """A third of the batch is told by a reference, the rest by hints."""
        generator, count = self.generator, max(1, luma.shape[0] // _BY_REFERENCE)
        # By the step, so that a resumed run draws what an undisturbed one would.
        seed = ops.stack([ops.cast(self.generator_optimizer.iterations, "int32"), replica])
        recolored, places = told_colors.recolored(luma[count:], chroma[count:], seed)
        hints = told_colors.hints(recolored, seed, first=places)
        other_luma, other_chroma = told_colors.references(luma[:count], chroma[:count], seed)
        true = generator.at_output_resolution(ops.concatenate([chroma[:count], recolored], axis=0))
        return HintLesson(luma[count:], hints, true[count:], luma[:count], other_luma, other_chroma, true[:count])

    def _hint_objectives(self, lesson: HintLesson) -> Objectives:
        generator = self.generator
        told = generator.told_by_reference(generator.view(lesson.other_luma), lesson.other_chroma)
        guess = generator.told(generator.view(lesson.luma_by_reference), told)
        by_reference = losses.chroma_distance(guess, lesson.true_by_reference)
        view = generator.view(lesson.luma_by_hints)
        guess = generator.told(view, generator.told_by_hints(view, lesson.hints))
        by_hints = losses.chroma_distance(guess, lesson.true_by_hints)
        loss = (1 - 1 / _BY_REFERENCE) * by_hints + by_reference / _BY_REFERENCE
        return Objectives(loss, ops.zeros(()), {"generator": loss, "by_hints": by_hints, "by_reference": by_reference})

    def _pixel_loss(
        self, output: keras.KerasTensor, luma: keras.KerasTensor, chroma: keras.KerasTensor
    ) -> keras.KerasTensor:
        return losses.reconstruction_loss(self.generator.head, self.config.loss, output, luma, chroma)

    def _encoder_rates(self) -> dict[str, float]:
        """Returns the factor of the learning rate of each variable of a pretrained encoder, by its path.

        Adam moves every weight by about the learning rate, whatever its size. In the folded encoder the kernels'
        sizes differ a hundredfold, so each moves in proportion to its own (as in Adafactor, Shazeer and Stern 2018,
        section 8): otherwise the small ones are wiped out before the large ones have learnt anything.
        """
        rate = self.config.optimizer.encoder_rate
        return {
            variable.path: rate * (1.0 if variable.name == "bias" else 10.0 * float(np.std(variable.numpy())))
            for variable in self.generator.network.trainable_variables
            if efficient_unet.in_encoder(variable.path)
        }


def _computes_in_float16(network: keras.Model) -> bool:
    return any(layer.compute_dtype == "float16" for layer in network.layers)
