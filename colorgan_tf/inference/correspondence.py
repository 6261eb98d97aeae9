"""The colours of a reference at the very places that it shows too: a frame of the same shot, another shot of the scene.

Where the network's attention finds what is alike, dense correspondence finds what is the same, to the pixel: optical
flow, and once more after the reference was laid over the picture by a homography of keypoints (SIFT: Lowe, "Distinctive
Image Features from Scale-Invariant Keypoints", IJCV 2004), for a camera that has moved far. What the flow finds counts
where the way there and back ends where it began, and the lumas agree. In pictures of something else that is so by
chance, in even areas above all: so nothing counts unless enough of the picture's structure is explained.
"""

import functools
from typing import Any

import cv2
import numpy as np

from colorgan_tf.color import Floats
from colorgan_tf.inference import finish
from colorgan_tf.inference.flow import FlowEstimator, warp
from colorgan_tf.inference.told import Reference

_SMALLEST = 16  # pixels of the short side: in less there is nothing to search for
_GAP = 6.0  # pixels between beginning and end, there and back, at which a place counts 1/e: chroma is no finer
_LUMA_GAP = 0.08  # the same for the difference of luma
_WINDOW = 3.0  # pixels (Gaussian sigma) over which lumas are compared
_SOFT = 5.0  # pixels (Gaussian sigma) over which what is the same passes into what is not
_ALL = 0.9  # mean confidence above which no homography is looked for
_KEYPOINTS, _DISTINCT = 1000, 0.75  # the ratio of distances is Lowe's
_LEAST_MATCHES, _REPROJECTION = 12, 3.0  # of keypoints; in pixels
_CLEAR = 0.1  # deviation of luma from which structure counts fully
_BENT = 0.6  # change of the flow, in pixels per pixel, at which it explains 1/e: anything can be bent into anything
# Part of the structure that the reference explains, up to which that is chance, and from which it is not: at most
# 0.003 in 80 pairs of photographs of other people, 0.0004 in frames of other clips, 0.013 to 0.5 in those 2 s apart.
_CHANCE, _SAME = 0.003, 0.01


def same_places(luma: Floats, reference: Reference) -> tuple[Floats, Floats]:
    """Finds the places of a picture in a reference.

    Args:
        luma: `[h, w, 1]` in [0, 1], at input resolution.
        reference: of any size.

    Returns:
        The reference's chroma at these places, `[h, w, 2]`, and how surely they are the same, `[h, w, 1]` in [0, 1].
    """
    size = luma.shape[:2]
    if min(size) < _SMALLEST:
        return np.zeros((*size, 2), np.float32), np.zeros((*size, 1), np.float32)
    here = luma[..., 0]
    other, chroma = _reduced(reference, *size)
    estimator = FlowEstimator(fine=True)
    found, sure, explained = _along_flow(estimator, here, other, chroma, np.ones(size, np.float32))
    if sure.mean() < _ALL and (homography := _homography(here, reference)) is not None:
        aligned: Any = cv2.warpPerspective(
            np.dstack([other, chroma, np.ones(size, np.float32)]),
            homography,
            size[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        shown = np.asarray(aligned[..., 3] > 0.99, np.float32)  # by the reference
        laid = np.where(shown > 0, aligned[..., 0], here)
        again, surer, explained_again = _along_flow(estimator, here, laid, aligned[..., 1:3], shown)
        better = surer > sure
        found, sure = np.where(better[..., None], again, found), np.maximum(sure, surer)
        explained = np.where(better, explained_again, explained)
    sure = np.asarray(cv2.GaussianBlur(sure, (0, 0), _SOFT), np.float32)
    part = float((sure * explained).sum() / max(_structure(here).sum(), 1e-6))
    return found, sure[..., None] * np.float32(np.clip((part - _CHANCE) / (_SAME - _CHANCE), 0, 1))


def _along_flow(
    estimator: FlowEstimator, here: Floats, other: Floats, chroma: Floats, shown: Floats
) -> tuple[Floats, Floats, Floats]:
    """Returns chroma `[h, w, 2]` where the flow leads, the confidence, and the structure explained, both `[h, w]`."""
    flow, reverse = estimator.flows(other, here)
    moved = warp(np.dstack([other, chroma, reverse, shown]), flow)
    gap = np.square(flow + moved[..., 3:5]).sum(axis=-1)
    difference = np.asarray(cv2.GaussianBlur(np.abs(moved[..., 0] - here), (0, 0), _WINDOW), np.float32)
    rows, columns = np.indices(here.shape, np.float32)
    rows, columns = rows + flow[..., 1], columns + flow[..., 0]
    inside = (rows >= 0) & (columns >= 0) & (rows <= here.shape[0] - 1) & (columns <= here.shape[1] - 1)
    sure = np.exp(-gap / _GAP**2 - np.square(difference / _LUMA_GAP)) * inside * moved[..., 5]
    steepness = sum(np.square(each).sum(axis=-1) for each in np.gradient(flow, axis=(0, 1)))
    bent = cv2.GaussianBlur(steepness, (0, 0), _WINDOW)
    explained = np.maximum(_structure(here) - difference, 0) * np.exp(-bent / _BENT**2)
    return moved[..., 1:3], sure.astype(np.float32), explained


def _structure(luma: Floats) -> Floats:
    """Returns how much there is to recognize, `[h, w]`: the local deviation of luma, none of it counting too much."""
    mean, square = (cv2.GaussianBlur(each, (0, 0), _WINDOW) for each in (luma, luma * luma))
    return np.asarray(np.minimum(np.sqrt(np.maximum(square - mean * mean, 0)), _CLEAR), np.float32)


# Frame after frame of a film has the same reference.
@functools.lru_cache(maxsize=1)
def _reduced(reference: Reference, height: int, width: int) -> tuple[Floats, Floats]:
    """Returns luma `[h, w]` and chroma `[h, w, 2]` of a reference."""
    return finish.resize(reference.luma, height, width)[..., 0], finish.resize(reference.chroma, height, width)


@functools.lru_cache(maxsize=1)
def _keypoints_of(reference: Reference, height: int, width: int) -> Any:
    return _keypoints(_reduced(reference, height, width)[0])


def _keypoints(luma: Floats) -> Any:
    sift: Any = cv2.SIFT.create(_KEYPOINTS)
    return sift.detectAndCompute((255 * luma).astype(np.uint8), None)


def _homography(here: Floats, reference: Reference) -> Floats | None:
    """Returns the homography from a picture to a reference of its size, None where too little agrees."""
    points, features = _keypoints(here)
    others, other_features = _keypoints_of(reference, *here.shape)
    if min(len(points), len(others)) < _LEAST_MATCHES:
        return None
    pairs = cv2.BFMatcher().knnMatch(features, other_features, k=2)
    matches = [best for best, second in pairs if best.distance < _DISTINCT * second.distance]
    if len(matches) < _LEAST_MATCHES:
        return None
    found: Any = cv2.findHomography(
        np.array([points[match.queryIdx].pt for match in matches], np.float32),
        np.array([others[match.trainIdx].pt for match in matches], np.float32),
        cv2.RANSAC,
        _REPROJECTION,
    )
    homography, agreeing = found
    return homography if homography is not None and agreeing.sum() >= _LEAST_MATCHES else None
