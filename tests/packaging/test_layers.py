"""The layers that import-linter checks (`make lint`) are those of all modules: none is left out, none is made up."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("colorgan_tf", "pipelines", "serving")


def modules():
    found = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def contracts():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def test_every_module_is_in_a_layer():
    (contract,) = (each for each in contracts() if each["id"] == "layers")
    layers = {name for layer in contract["layers"] for name in re.split(r"[|\s]+", layer) if name}
    outside = {
        module
        for module in modules() - set(PACKAGES)
        if not any(module == layer or module.startswith(f"{layer}.") for layer in layers)
    }
    assert outside == set()
    assert layers <= modules()


def test_no_contract_has_exceptions():
    assert [each["id"] for each in contracts() if "ignore_imports" in each] == []


def test_the_modules_that_may_import_the_command_runner_exist():
    (contract,) = (each for each in contracts() if each["type"] == "protected")
    assert {name for name in contract["allowed_importers"] if "*" not in name} <= modules()
