"""The learning rate over phases, at points computed by hand."""

import math

import pytest

from colorgan_tf import config
from colorgan_tf.training.schedule import PhaseSchedule

PHASES = (
    config.Phase("first", 100, 1.0, 0.2, warmup=9, discriminator_learning_rate=0.0),
    config.Phase("second", 50, 0.4, 0.4, discriminator_learning_rate=0.3),
    config.Phase("third", 10, 0.1, 0.0, discriminator_learning_rate=0.2),
)


@pytest.mark.parametrize(
    ("step", "rate"),
    [
        (0, 0.1),  # the first of 10 rising steps
        (4, 0.5 * (0.2 + 0.8 * 0.5 * (1 + math.cos(math.pi * 0.04)))),
        (50, 0.6),  # half way down the cosine
        (75, 0.2 + 0.8 * 0.5 * (1 + math.cos(math.pi * 0.75))),
        (100, 0.4),
        (149, 0.4),
        (150, 0.1),
        (155, 0.05),
        (1000, 0.0),
    ],
)
def test_generator_rises_and_falls_within_each_phase(step, rate):
    assert float(PhaseSchedule.of_generator(PHASES)(step)) == pytest.approx(rate, abs=1e-6)


@pytest.mark.parametrize(("own_step", "rate"), [(0, 0.3), (49, 0.3), (50, 0.2), (99, 0.2)])
def test_discriminator_counts_its_own_steps(own_step, rate):
    assert float(PhaseSchedule.of_discriminator(PHASES)(own_step)) == pytest.approx(rate)


def test_a_run_without_an_adversarial_phase_has_a_discriminator_rate_of_zero():
    assert float(PhaseSchedule.of_discriminator(PHASES[:1])(0)) == 0


def test_schedule_is_rebuilt_from_its_configuration():
    schedule = PhaseSchedule.of_generator(PHASES)
    again = PhaseSchedule.from_config(schedule.get_config())
    assert float(again(30)) == float(schedule(30))
