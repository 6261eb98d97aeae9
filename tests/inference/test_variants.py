"""Versions of a picture: other likely colours for its doubtful regions, told as hints."""

import numpy as np
import pytest

from colorgan_tf.errors import InputError
from colorgan_tf.inference.backend import HINTS_TO_CHROMA, LIKELY_COLORS, LUMA_TO_CHROMA
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.variants import variants

BLUE, RED = (0.1, -0.05), (-0.3, 0.4)  # of length 0.11 and 0.5


class _Doubtful:
    """Colours nothing of its own; it doubts the left half, which is blue or red, and is sure of the right one."""

    input_resolution, multiple, identity = 64, 32, "doubtful"
    signatures = frozenset({LUMA_TO_CHROMA, HINTS_TO_CHROMA, LIKELY_COLORS})

    def luma_to_chroma(self, luma):
        return np.zeros((*luma.shape[:3], 2), np.float32)

    def predict(self, signature, inputs):
        luma = inputs["luma"]
        _, height, width, _ = luma.shape
        if signature == LIKELY_COLORS:
            likely = np.zeros((len(luma), height // 4, width // 4, 3, 3), np.float32)
            likely[..., 0, 2] = 0.9
            likely[:, :, : width // 8, 0, 2] = 0.4
            likely[:, :, : width // 8, 1] = (*BLUE, 0.3)
            likely[:, :, : width // 8, 2] = (*RED, 0.2)
            return likely
        # A half takes the mean colour that is told in it.
        chroma = self.luma_to_chroma(luma)
        for half in (np.s_[:, :, : width // 2], np.s_[:, :, width // 2 :]):
            told = inputs["hints"][half]
            if told[..., 2].any():
                chroma[half] = told[told[..., 2] > 0][:, :2].mean(axis=0)
        return chroma


def test_versions_give_the_doubtful_region_its_other_colours():
    luma = np.full((64, 128, 1), 0.5, np.float32)
    versions = variants(Colorizer(_Doubtful()), luma, 4)
    assert versions[0] == ()
    assert len(versions) == 3  # three colours are known
    for hints in versions[1:]:
        assert len(hints) == 1  # which settles the region
        assert hints[0].x < 0.5
    np.testing.assert_allclose(versions[1][0].chroma, BLUE, atol=1e-6)
    # A colour as vivid as few things are is told paler, in its own hue.
    red = np.array(versions[2][0].chroma)
    assert np.linalg.norm(red) == pytest.approx(0.15)
    np.testing.assert_allclose(red / np.linalg.norm(red), np.array(RED) / np.linalg.norm(RED), atol=1e-6)


def test_a_model_that_does_not_say_what_is_likely_is_refused():
    backend = _Doubtful()
    backend.signatures = frozenset({LUMA_TO_CHROMA, HINTS_TO_CHROMA})
    with pytest.raises(InputError, match="signature likely_colors"):
        variants(Colorizer(backend), np.full((64, 64, 1), 0.5, np.float32), 2)
