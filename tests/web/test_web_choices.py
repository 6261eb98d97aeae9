"""Colours to choose from: likely ones of the network, versions of a picture, and a reference beside a file."""

import io

import made_uploads
import numpy as np
import pytest
from made_uploads import BLUE, ChoosingBackend
from PIL import Image

from colorgan_tf import color
from serving.jobs import texts


@pytest.fixture
def backend():
    return ChoosingBackend()


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def is_blue(rgb):
    return rgb[2] > rgb[0] + 30


def even_picture(size=(50, 40), rgb=(40, 60, 200)):
    buffer = io.BytesIO()
    Image.new("RGB", size, rgb).save(buffer, "PNG")
    return buffer.getvalue()


def put(user, file, data):
    return user.client.put(f"{file['links']['self']}/reference", headers=user.headers, data=data)


def test_likely_colours_are_those_of_the_network_which_is_asked_once(user, backend):
    file = user.coloured(made_uploads.picture())
    user.patch(file["links"]["self"], {"strength": 0.5})
    file = user.finished(file)
    spot = user.get(f"{file['links']['self']}/colours?x=0.9&y=0.1").json
    warm, blue, grey = spot["likely"]
    assert warm[0] > warm[2] + 20 and is_blue(blue) and max(grey) == min(grey)
    assert np.abs(color.rgb_to_yuv(np.array(blue, np.float32) / 255)[1:] - BLUE).max() < 0.01
    assert backend.asked == ["likely_colors"]


def test_a_spot_that_is_too_light_is_said_to_be(user):
    data = np.full((64, 80), 90, np.uint8)
    data[:, 40:] = 255
    buffer = io.BytesIO()
    Image.fromarray(data).save(buffer, "PNG")
    file = user.coloured(buffer.getvalue(), "light.png")
    found = [user.get(f"{file['links']['self']}/colours?x={x}&y=0.5").json["too_light"] for x in (0.2, 0.9)]
    assert found == [False, True]


def test_versions_of_a_picture_are_hints_that_can_be_taken_over(user):
    file = user.coloured(made_uploads.picture())
    assert (file["offers"], file["versions"]) == (["versions", "reference"], [])
    user.patch(file["links"]["self"], {"versions": True})
    file = user.finished(file)
    own, other = file["versions"]
    assert own["hints"] == [] and len(other["hints"]) == 1
    (hint,) = other["hints"]
    place = np.array([hint["y"], hint["x"]]) * decoded(user.result(file)).shape[:2]
    row, column = place.astype(int)
    thumbnail = decoded(user.get(other["thumbnail"]).get_data())
    assert thumbnail.shape == (64, 80, 3) and is_blue(thumbnail[row, column])
    assert user.get(f"{file['links']['self']}/versions/2").status_code == 404
    assert user.patch(file["links"]["self"], {"hints": other["hints"]}).status_code == 202
    assert is_blue(decoded(user.result(user.finished(file)))[row, column])


def test_a_reference_gives_its_colours_until_it_is_taken_away(user):
    file = user.coloured(made_uploads.picture())
    assert put(user, file, even_picture()).status_code == 202
    told = user.finished(file)
    assert is_blue(decoded(user.result(told))[32, 40])
    shown = user.get(told["links"]["reference"])
    assert shown.mimetype == "image/jpeg" and is_blue(decoded(shown.get_data())[5, 5])
    assert user.patch(file["links"]["self"], told["settings"]).status_code == 200  # as they are
    assert user.patch(file["links"]["self"], {"reference": "0123"}).status_code == 400
    assert user.delete(f"{file['links']['self']}/reference").status_code == 202
    again = user.finished(file)
    assert not is_blue(decoded(user.result(again))[32, 40]) and "reference" not in again["links"]
    assert user.delete(f"{file['links']['self']}/reference").status_code == 404


def test_a_reference_that_makes_no_difference_is_told(user):
    file = user.coloured(made_uploads.picture())
    assert put(user, file, even_picture(rgb=(147, 117, 98))).status_code == 202  # the network's own warm tone
    assert user.finished(file)["note"] == texts.NO_DIFFERENCE
    assert put(user, file, even_picture()).status_code == 202
    assert user.finished(file)["note"] == ""


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (made_uploads.picture(), texts.GREY_REFERENCE),
        (made_uploads.animation(), texts.NO_PICTURE),
        (even_picture()[:80], texts.DAMAGED),
        (b"", texts.EMPTY_FILE),
    ],
)
def test_what_is_no_reference_is_refused_in_a_sentence(user, data, sentence):
    file = user.coloured(made_uploads.picture())
    answer = put(user, file, data)
    assert answer.status_code in (400, 415) and answer.json["error"] == sentence
    assert user.get(file["links"]["self"]).json["settings"]["reference"] == ""


def test_an_animation_takes_a_reference_and_has_no_versions(user):
    file = user.coloured(made_uploads.animation(3), "moving.gif")
    assert file["offers"] == ["reference"]
    put(user, file, even_picture())
    assert is_blue(decoded(user.result(user.finished(file)))[32, 40])


class TestWithoutSuchSignatures:
    @pytest.fixture
    def backend(self):
        return made_uploads.FakeBackend()

    def test_usual_colours_are_offered_no_versions_and_no_reference(self, user):
        file = user.coloured(made_uploads.picture())
        assert len(user.get(f"{file['links']['self']}/colours?x=0.5&y=0.5").json["likely"]) > 4
        user.patch(file["links"]["self"], {"versions": True})
        file = user.finished(file)
        assert (file["state"], file["offers"], file["versions"]) == ("done", [], [])
        answer = put(user, file, even_picture())
        assert (answer.status_code, answer.json["error"]) == (409, texts.NO_REFERENCES)


def test_a_draft_shows_other_settings_and_changes_nothing(user, backend):
    file = user.coloured(made_uploads.picture())
    draft = f"{file['links']['self']}/draft"
    hints = {"hints": [{"x": 0.5, "y": 0.5, "rgb": [60, 60, 220]}]}
    answer = user.post(draft, json=hints)
    assert answer.mimetype == "image/jpeg" and is_blue(decoded(answer.get_data())[32, 40])
    assert user.get(file["links"]["self"]).json == file
    assert user.post(draft, json={"hints": "none"}).status_code == 400
    assert user.post(draft, json={"hints": [{"x": 0, "y": 0, "darken": 1}]}).status_code == 400
    backend.gate.clear()
    backend.begun.clear()
    other = user.upload(made_uploads.picture(seed=1)).json
    assert backend.begun.wait(30)
    assert user.post(draft, json=hints).status_code == 503  # others wait
    backend.gate.set()
    assert user.finished(other)["state"] == "done"
