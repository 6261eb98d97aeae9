"""The pinned versions that the tests run with satisfy the ranges that an installed package accepts."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins(name):
    lines = (ROOT / name).read_text().splitlines()
    found = (re.match(r"([A-Za-z][\w.-]*)(?:\[.*\])?==([^;\s]+)", line) for line in lines)
    return {match[1].lower(): match[2] for match in found if match}


def ranges(texts):
    """Those of the latest Python that the pins are for."""
    requirements = [
        each for each in map(Requirement, texts) if not each.marker or each.marker.evaluate({"python_version": "3.12"})
    ]
    return {requirement.name.lower(): requirement.specifier for requirement in requirements}


@pytest.mark.parametrize(
    ("file", "texts"),
    [
        ("requirements.txt", PROJECT["dependencies"]),
        ("requirements-cluster.txt", PROJECT["optional-dependencies"]["cluster"]),
        ("requirements-desktop.txt", PROJECT["optional-dependencies"]["desktop"]),
        ("requirements-dev.txt", PROJECT["optional-dependencies"]["dev"]),
        (
            "requirements-extras.txt",
            [text for extra in ("jax", "onnx", "vapoursynth") for text in PROJECT["optional-dependencies"][extra]],
        ),
    ],
)
def test_a_range_for_each_pin_and_a_pin_for_each_range(file, texts):
    pinned, accepted = pins(file), ranges(texts)
    if file == "requirements-desktop.txt":
        # Part of PySide6; and what only builds the executable.
        pinned = {name: pin for name, pin in pinned.items() if name not in ("shiboken6", "pyinstaller")}
    assert set(pinned) == set(accepted)
    for name, pin in pinned.items():
        assert accepted[name].contains(pin), f"{name}=={pin} is not in {accepted[name]}"
