import json

import numpy as np
import pytest

from colorgan_tf.errors import InputError
from colorgan_tf.inference.told import Hint, Reference, draw, read_film_hints, read_hints


def test_draws_discs_at_parts_of_width_and_height():
    drawn = draw([Hint(0.25, 0.5, (0.1, -0.2), radius=0.04), Hint(1.0, 1.0, (0.3, 0.0), trust=0.5)], 50, 100)
    assert drawn.shape == (50, 100, 3)
    np.testing.assert_allclose(drawn[25, 25], [0.1, -0.2, 1.0], rtol=1e-6)
    np.testing.assert_allclose(drawn[49, 99], [0.3, 0.0, 0.5], rtol=1e-6)
    assert drawn[25, 27, 2] == 1
    assert drawn[25, 28, 2] == 0


def test_chroma_that_is_strengthened_later_is_drawn_weaker():
    np.testing.assert_allclose(draw([Hint(0.5, 0.5, (0.2, 0.1))], 9, 9, gain=2.0)[4, 4], [0.1, 0.05, 1.0], rtol=1e-6)


def test_reads_hints(tmp_path):
    path = tmp_path / "hints.json"
    path.write_text('[{"x": 0.31, "y": 0.52, "color": "#ff0000"}, {"x": 0, "y": 1, "color": "#808080", "radius": 0.1}]')
    red, grey = read_hints(path)
    assert (red.x, red.y, red.radius) == (0.31, 0.52, 0.01)
    np.testing.assert_allclose(red.chroma, [-0.14714, 0.61498], atol=1e-5)
    np.testing.assert_allclose(grey.chroma, [0, 0], atol=1e-6)
    assert grey.radius == 0.1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "must be a file of JSON"),
        ("[]", "at least one hint"),
        ('{"x": 1}', "at least one hint"),
        ("[1]", "must be an object of x, y, color"),
        ('[{"x": 0.5, "y": 0.5}]', "must be an object of x, y, color"),
        ('[{"x": 0.5, "y": 0.5, "color": "#112233", "colour": 1}]', "must be an object of x, y, color"),
        ('[{"x": 1.5, "y": 0.5, "color": "#112233"}]', "`x` of a hint must be a number from 0 to 1"),
        ('[{"x": true, "y": 0.5, "color": "#112233"}]', "`x` of a hint must be a number from 0 to 1"),
        ('[{"x": 0.5, "y": NaN, "color": "#112233"}]', "`y` of a hint must be a number from 0 to 1"),
        ('[{"x": 0.5, "y": 0.5, "color": "red"}]', '`color` of a hint must be like "#7a3b2e"'),
        (
            '[{"x": 0.5, "y": 0.5, "color": "#112233", "radius": 2}]',
            "`radius` of a hint must be a number from 0 to 0.5",
        ),
    ],
)
def test_refuses_what_is_no_list_of_hints(tmp_path, text, message):
    path = tmp_path / "hints.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        read_hints(path)
    assert str(path) in str(error.value)


def test_missing_file_of_hints(tmp_path):
    with pytest.raises(InputError, match="must be a file of JSON"):
        read_hints(tmp_path / "none.json")


def test_hints_of_a_film_have_the_times_of_their_frames(tmp_path):
    path = tmp_path / "hints.json"
    hint = '{"x": 0.5, "y": 0.5, "color": "#ff0000"'
    path.write_text(f'[{hint}}}, {hint}, "time": 2.5}}, {hint}, "time": 2.5}}]')
    first, later = read_film_hints(path)
    assert (first.seconds, len(first.told), later.seconds, len(later.told)) == (0, 1, 2.5, 2)
    path.write_text(f'[{hint}, "time": -1}}]')
    with pytest.raises(InputError, match="`time` of a hint must be seconds, 0 or more.*hint 0: -1"):
        read_film_hints(path)


def test_grey_reference_is_refused():
    with pytest.raises(InputError, match="`reference` must be a picture in colour"):
        Reference.of_rgb(np.full((8, 8, 3), 0.5, np.float32))


def test_references_differ_by_their_pixels():
    rgb = np.random.default_rng(0).random((8, 8, 3)).astype(np.float32)
    one, same, other = Reference.of_rgb(rgb), Reference.of_rgb(rgb.copy()), Reference.of_rgb(rgb[::-1])
    assert str(one) == str(same) != str(other)
    assert json.dumps(str(one))
