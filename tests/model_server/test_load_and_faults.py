"""The benchmarks of load and faults: how they rate what they see, and each of them on a tiny model."""

import io
import types

import numpy as np
import pytest
from PIL import Image

from benchmarks import serving, serving_callers, serving_faults, serving_overhead, serving_overload, serving_swaps
from benchmarks.serving_requests import RightAnswers, Rule, picture
from colorgan_tf.errors import InputError, PartialFailure


def jpeg(pixels: np.ndarray, quality: int = 95) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


def test_right_answers_allow_for_rounding_and_nothing_else():
    pixels = np.asarray(Image.open(io.BytesIO(picture(1))))
    nearly = pixels.copy()
    nearly[::16, ::16] ^= 1
    right = RightAnswers([picture(0), jpeg(pixels, 100)])
    assert right.fits(0, picture(0))
    assert right.fits(1, jpeg(nearly, 100))
    assert not right.fits(0, picture(1))
    assert not right.fits(1, picture(0))
    assert not right.fits(1, jpeg(pixels[:-8], 100))
    assert not right.fits(1, b"no picture")


@pytest.mark.parametrize(
    ("growth", "minutes", "kept"), [(0.5, 10, True), (1.5, 10, False), (1.5, 2, None), (-3.0, 10, True)]
)
def test_memory_is_rated_after_the_warm_up_and_in_long_runs_only(growth, minutes, kept):
    times = np.linspace(0, minutes, 60)
    samples = [(time, 500 + (1000 if time > 1 else 0) + growth * time) for time in times.tolist()]
    rule = serving_overload._growth(samples, minutes)
    assert rule.kept is kept
    if minutes == 10:
        assert rule.seen == f"{growth:+.2f} MB a minute"


def test_codes_that_are_not_allowed_break_the_rule():
    tally = serving_overload.Tally()
    for code in ("OK", "UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"):
        tally.codes[code] += 1
    assert serving_overload._codes(tally, lost=0).kept
    assert not serving_overload._codes(tally, lost=1).kept
    tally.codes["INTERNAL"] += 1
    assert not serving_overload._codes(tally, lost=0).kept


def test_a_wrong_picture_is_counted():
    right, tally = RightAnswers([picture(0), picture(1)]), serving_overload.Tally()
    tensor = types.SimpleNamespace(string_val=[picture(1)])
    response = types.SimpleNamespace(outputs={"colorized_bytes": tensor})
    call = types.SimpleNamespace(code=lambda: types.SimpleNamespace(name="OK"), result=lambda: response)
    for number in (0, 1):
        tally.sent()
        tally.answered(call, number, right, began=0.0)
    assert (tally.codes["OK"], tally.wrong, len(tally.seconds)) == (2, 1, 1)
    assert tally.wait_for_all(0) == 0


def test_callers_count_answers_and_name_failures():
    asked = iter(range(10**9))

    def ask():
        number = next(asked)
        if number == 0:
            raise ValueError("made to fail")
        return "a wrong picture" if number == 1 else None

    with serving_callers.callers(ask) as group:
        group[0].wait_for_answers(3)
    assert group[0].failures == {"ValueError: made to fail": 1, "a wrong picture": 1}
    assert serving_callers.failed(group).startswith("2 of ")


def test_one_broken_rule_fails_the_command(capsys):
    serving.report([Rule("a", "b", True), Rule("c", "d", None)])
    with pytest.raises(PartialFailure, match="1 of 2 rules broken: c"):
        serving.report([Rule("a", "b", True), Rule("c", "d", False)])
    assert "BROKEN            c: d" in capsys.readouterr().out


def test_the_command_wants_a_scenario():
    with pytest.raises(InputError, match="One of overhead, overload, swaps, faults is expected. Received: nothing."):
        serving.main(["serving"])


@pytest.mark.slow
def test_every_scenario_runs_on_a_tiny_model(tiny):
    from pathlib import Path

    folder = Path(tiny) / "pictures"
    serving_overhead.report(serving_overhead.measure(folder, rounds=2))
    rules = serving_overload.run(folder, clients=4, load=1.5, minutes=0.05)
    rules += serving_swaps.run(folder, swaps=2)
    rules += serving_faults.run(folder)
    assert [rule for rule in rules if rule.kept is False] == []
