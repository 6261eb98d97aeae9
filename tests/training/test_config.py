"""Configurations: there and back as JSON, options set from the command line, and refusals that say what must hold."""

import dataclasses
import json
from pathlib import Path

import pytest

from colorgan_tf import config
from colorgan_tf.errors import InputError

TINY = config.PRESETS["tiny"]


@pytest.mark.parametrize("name", config.PRESETS)
def test_presets_are_valid_and_survive_json(name):
    preset = config.validate(config.preset(name))
    assert preset.preset == name
    assert config.from_json(config.to_json(preset)) == preset


def test_the_patent_preset_is_that_of_the_patent():
    patent = config.preset("patent")
    assert patent.data.window == (512, 256)
    assert (patent.model.generator, patent.model.filters, patent.model.head) == ("unet", 64, "yuv")
    assert (patent.loss.lambda_p, patent.loss.lambda_a) == (100, 1)
    assert dataclasses.replace(config.preset("patent_rgb").model, head="yuv") == patent.model


def test_an_unknown_preset_is_answered_with_those_there_are():
    with pytest.raises(InputError, match="one of patent, .*tiny. Received: preset=huge"):
        config.preset("huge")


@pytest.mark.parametrize(
    ("assignment", "read"),
    [
        ("model.filters=32", lambda c: c.model.filters == 32),
        ("data.zoom=[0.5,1]", lambda c: c.data.zoom == (0.5, 1.0)),
        ("data.zoom=null", lambda c: c.data.zoom is None),
        ("data.window=[256,512]", lambda c: c.data.window == (256, 512)),
        ("data.flip=false", lambda c: c.data.flip is False),
        ("loss.lambda_p=10", lambda c: c.loss.lambda_p == 10.0 and isinstance(c.loss.lambda_p, float)),
        ("model.head=rgb", lambda c: c.model.head == "rgb"),
        ("phases.0.steps=7", lambda c: c.phases[0].steps == 7),
        ("model.decoder=[8,4]", lambda c: c.model.decoder == (8, 4)),
    ],
)
def test_any_option_can_be_set(assignment, read):
    changed = config.override(TINY, [assignment])
    assert read(changed)
    assert config.from_json(config.to_json(changed)) == changed


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("model.filters", "must look like group.option=value. Received: model.filters"),
        ("model.filter=3", "must name one of generator, filters, .*. Received: model.filter=3"),
        ("nothing.filters=3", "must name one of preset, data, "),
        ("model.filters=abc", "`filters` cannot take this value: 'abc' is not a whole number"),
        ("model.filters=1.5", "1.5 is not a whole number"),
        ("model.filters=true", "True is not a whole number"),
        ("model.dropout=NaN", "nan is not a number"),
        ("model.head=cmyk", "'cmyk' is not one of yuv, rgb, bins"),
        ("data.flip=1", "1 is not true or false"),
        ("data.window=[1,2,3]", "`window` cannot take this value"),
        ("data.window=5", "`window` cannot take this value"),
        ("data=5", "`data` cannot take this value"),
        ("phases.3.steps=1", "must name one of 1 phases by number"),
        ("phases.0=1", "must name one of 1 phases by number"),
    ],
)
def test_what_cannot_be_set_is_refused(assignment, message):
    with pytest.raises(InputError, match=message):
        config.override(TINY, [assignment])


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("data.window=[300,256]", "multiples of 256 for the unet. Received: 300x256"),
        ("data.window=[0,0]", "multiples of 256"),
        ("data.zoom=[0.9,0.5]", "must rise"),
        ("model.filters=0", "`model.filters` must be at least 1"),
        ("data.stretch=0.5", "`data.stretch` must be at least 1"),
        ("decoding.chroma_gamma=0.5", "`decoding.chroma_gamma` must be in"),
        ("decoding.uncertainty_exponent=3", "`decoding.uncertainty_exponent` must be in"),
        ("model.drop_path=1", "`model.drop_path` must be in"),
        ("model.dropout=1", "`model.dropout` must be in"),
        ("model.output_stride=3", "`model.output_stride` must be one of"),
        ("model.output_stride=0", "`model.output_stride` must be one of"),
        ("model.discriminator_levels=7", "must leave a patch to judge in a window of 256x256. Received: 7"),
        ("runtime.log_every=0", "`runtime.log_every` must be at least 1"),
        ("runtime.seed=-1", "`seed` must be in"),
        ("optimizer.ema=1", "`optimizer.ema` must be in"),
        ("phases=[]", "`steps` must be at least 1"),
        ("phases.0.steps=0", "`phases.0.steps` must be at least 1"),
    ],
)
def test_values_that_make_no_sense_are_refused(assignment, message):
    with pytest.raises(InputError, match=message):
        config.validate(config.override(TINY, [assignment]))


@pytest.mark.parametrize("text", ["", "5", "[]", "{}x", '{"model": {"colours": 3}}', '{"phases": [{"steps": "x"}]}'])
def test_a_damaged_configuration_is_refused(text):
    with pytest.raises(InputError, match="A configuration written by this version is expected"):
        config.from_json(text)


def test_the_configuration_of_the_shipped_model_is_the_recommended_one():
    path = Path(__file__).parents[2] / "saved_models" / "colorgan" / "1" / "assets.extra" / "colorgan.json"
    shipped = config.from_dict(json.loads(path.read_text())["config"])
    assert shipped.model == config.PRESETS["colorgan"].model
    decoding = config.Decoding(temperature=0.8, chroma_gain=0.9, unsharp_mask=0.6)
    assert shipped.decoding == config.PRESETS["colorgan"].decoding == decoding


def test_decoding_is_found_among_the_losses_where_it_stood():
    loss = {"temperature": 0.4, "correction": 0.0, "gain": 1.135, "contrast": 0.4, "doubt": 0.5, "sharpen": 0.6}
    assert config.from_dict({"loss": loss}).decoding == config.Decoding(
        temperature=0.4,
        logit_adjustment=0.0,
        chroma_gain=1.135,
        chroma_gamma=1.4,  # contrast was the power without the colour's own
        uncertainty_exponent=0.5,
        unsharp_mask=0.6,
    )


def test_older_configurations_without_newer_options_load():
    older = config.from_json('{"loss": {"skin_weight": 3.0, "gain": 1.5}, "optimizer": {"beta_2": 0.999}}')
    assert (older.loss, older.decoding) == (config.Loss(skin_weight=3.0), config.Decoding(chroma_gain=1.5))


@pytest.mark.parametrize(
    ("assignment", "hint"),
    [
        ("loss.gain=2", "It is `decoding.chroma_gain` now."),
        ("loss.contrast=1", "It is `decoding.chroma_gamma` now, and 1 more"),
    ],
)
def test_an_option_of_before_is_answered_with_its_present_name(assignment, hint):
    with pytest.raises(InputError, match=f"must name one of lambda_p, .* Received: {assignment}. {hint}"):
        config.override(TINY, [assignment])


def test_steps_are_shared_out_over_the_phases():
    three = dataclasses.replace(
        TINY, phases=(config.Phase("a", 100, warmup=50), config.Phase("b", 300), config.Phase("c", 1))
    )
    shrunk = three.with_steps(40)
    assert [(phase.name, phase.steps, phase.warmup) for phase in shrunk.phases] == [("a", 10, 5), ("b", 30, 0)]
    assert shrunk.steps == 40
    assert three.with_steps(802).steps == 802
    with pytest.raises(InputError, match="`steps` must be at least 1. Received: steps=0"):
        three.with_steps(0)


def test_each_step_belongs_to_a_phase():
    two = dataclasses.replace(TINY, phases=(config.Phase("a", 2), config.Phase("b", 3)))
    assert [two.phase_at(step)[0].name for step in range(5)] == ["a", "a", "b", "b", "b"]
    assert two.phase_at(4)[1] == 2
    with pytest.raises(ValueError, match="must be below 5"):
        two.phase_at(5)
