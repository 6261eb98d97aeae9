"""ColorGAN: generator and discriminator as one Keras model with its own training step."""

import keras
import numpy as np
import tensorflow as tf

from colorgan_tf.config import Config, GeneratorName, Phase, TrainedPart
from colorgan_tf.networks import efficient_unet
from colorgan_tf.networks.generator import Generator
from colorgan_tf.training import adversaries, losses, told_colors
from colorgan_tf.training.adam import Adam
from colorgan_tf.training.schedule import PhaseSchedule

_BY_REFERENCE = 3  # one picture in so many is told by a reference, in phases that train hints


class ColorGAN(keras.Model):
    """A conditional GAN that gives luma its chroma.

    Batches are pairs: luma `[batch, height, width, 1]` in [0, 1], chroma `[batch, height, width, 2]` (U, V).
    `build_optimizers()` (within the distribution strategy's scope) makes it ready; then `train_step` may be called by
    `fit` on one device, or by a loop of one's own through `strategy.run`.

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
    def noise_state(self) -> list[tf.Variable]:
        """The state of the generator's dropout noise, which Keras leaves out of a model's checkpoint."""
        return [each.value for each in self.generator.network.variables if each.path.endswith("seed_generator_state")]

    def begin(self, phase: Phase) -> None:
        """Sets what the next training steps do; a step that was traced before must be traced anew."""
        self.phase = phase

    def call(self, luma: tf.Tensor) -> tf.Tensor:
        """Returns the chroma `[batch, height, width, 2]` for luma of any size."""
        return self.generator.chroma(luma)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Trains both networks once, each in its turn, on one replica's batch.

        Returns:
            The replica's losses: pixel, and in adversarial phases adversarial, discriminator and, with a projected
            discriminator, feature; of hints, those by hints and by reference.
        """
        luma, chroma = batch
        if self.phase.trains == TrainedPart.HINTS:
            return self._train_hints(luma, chroma)
        reduced = self.generator.at_output_resolution
        small_luma, small_chroma = reduced(luma), reduced(chroma)
        # Keras optimizers sum gradients over replicas.
        share = 1.0 / tf.distribute.get_strategy().num_replicas_in_sync
        weights = self._learning_variables()
        scores: dict[str, tf.Tensor] = {}
        if self.phase.adversarial:
            # Before the tape, which would keep every step on the way: nothing learns from the truth's features.
            truth = self.adversary.features(luma, small_luma, self.generator.head.target(small_luma, small_chroma))

        with tf.GradientTape(persistent=True) as tape:
            output = self.generator.network(luma, training=True)
            pixel = self._pixel_loss(output, small_luma, small_chroma)
            generator_loss = self.config.loss.lambda_p * pixel
            if self.phase.adversarial:
                guess = self.adversary.features(luma, small_luma, self.generator.head.colour(output))
                real_logits, generated_logits = self.adversary.logits(truth), self.adversary.logits(guess)
                adversarial = losses.mean_over_levels(losses.adversarial_loss, generated_logits)
                discriminator_loss = losses.mean_over_levels(losses.discriminator_loss, real_logits, generated_logits)
                generator_loss += self.config.loss.lambda_a * adversarial
                scores |= {"adversarial": adversarial, "discriminator": discriminator_loss}
                feature = self.adversary.feature_loss(guess, truth)
                if feature is not None:
                    generator_loss += self.config.loss.lambda_f * feature
                    scores["feature"] = feature
                scaled_discriminator = self.discriminator_optimizer.scale_loss(discriminator_loss * share)
            scaled_generator = self.generator_optimizer.scale_loss(generator_loss * share)

        # The discriminator's turn, then the generator's.
        if self.phase.adversarial:
            discriminator_weights = self.adversary.network.trainable_variables
            gradients = tape.gradient(scaled_discriminator, discriminator_weights)
            self.discriminator_optimizer.apply_gradients(zip(gradients, discriminator_weights, strict=True))
        gradients = tape.gradient(scaled_generator, weights)
        self.generator_optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return {"generator": generator_loss, "pixel": pixel, **scores}

    def test_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the pixel loss of one batch with the weights as they are, without dropout."""
        luma, chroma = batch
        output = self.generator.network(luma, training=False)
        reduced = self.generator.at_output_resolution
        small_luma, small_chroma = reduced(luma), reduced(chroma)
        return {"pixel": self._pixel_loss(output, small_luma, small_chroma)}

    def _train_hints(self, luma: tf.Tensor, chroma: tf.Tensor) -> dict[str, tf.Tensor]:
        """Trains the attention to hints alone: a third of the batch is told by a reference, the rest by hints."""
        generator, share = self.generator, 1.0 / tf.distribute.get_strategy().num_replicas_in_sync
        assert generator.hints is not None
        weights = generator.hints.trainable_variables
        count = max(1, luma.shape[0] // _BY_REFERENCE)
        # By the step, so that a resumed run draws what an undisturbed one would.
        step = tf.cast(self.generator_optimizer.iterations, tf.int32)
        seed = tf.stack([step, tf.distribute.get_replica_context().replica_id_in_sync_group])
        recolored, places = told_colors.recolored(luma[count:], chroma[count:], seed)
        hints = told_colors.hints(recolored, seed, first=places)
        other_luma, other_chroma = told_colors.references(luma[:count], chroma[:count], seed)
        true = generator.at_output_resolution(tf.concat([chroma[:count], recolored], axis=0))
        with tf.GradientTape() as tape:
            view, by_hints = generator.view(luma[:count]), generator.view(luma[count:])
            told = generator.told_by_reference(generator.view(other_luma), other_chroma)
            by_reference_loss = losses.chroma_distance(generator.told(view, told), true[:count])
            told = generator.told_by_hints(by_hints, hints)
            by_hints_loss = losses.chroma_distance(generator.told(by_hints, told), true[count:])
            loss = (1 - 1 / _BY_REFERENCE) * by_hints_loss + by_reference_loss / _BY_REFERENCE
            scaled = self.generator_optimizer.scale_loss(loss * share)
        gradients = tape.gradient(scaled, weights)
        self.generator_optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return {"generator": loss, "by_hints": by_hints_loss, "by_reference": by_reference_loss}

    def _pixel_loss(self, output: tf.Tensor, luma: tf.Tensor, chroma: tf.Tensor) -> tf.Tensor:
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

    def _learning_variables(self) -> list[keras.Variable]:
        variables = self.generator.network.trainable_variables
        if self.config.model.generator == GeneratorName.UNET:
            return variables
        return [variable for variable in variables if efficient_unet.learns(variable.path, self.phase.encoder)]


def _computes_in_float16(network: keras.Model) -> bool:
    return any(layer.compute_dtype == "float16" for layer in network.layers)
