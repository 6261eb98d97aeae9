"""JSON of the REST front end to tensors and back, by TensorFlow Serving's rules (util/json_tensor.cc) and texts.

Works level by level rather than value by value, so that deep nesting needs no recursion and lists of numbers run at the
speed of numpy.
"""

import base64
import binascii
import contextlib
import itertools
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from grpc import StatusCode
from tensorflow.core.framework import types_pb2

from colorgan_tf.errors import ServingError
from serving.model_server import statuses, tensors

# orjson reads whole numbers of more than 64 bits, which begin with at least 19 digits, as floats. A search for them in
# this alphabet, where all digits are 0 and all that may come before a number is a comma, takes little of the time.
_ALPHABET, _LONG_NUMBER = bytes.maketrans(b"123456789[: \t\r\n-", b"000000000,,,,,,,"), b"," + b"0" * 19
# Values in error texts are cut here: an answer must not repeat a client's megabyte.
_SHOWN = 200
_KINDS = {
    type(None): "Null",
    bool: "Bool",
    dict: "Object",
    list: "Array",
    str: "String",
    int: "Number",
    float: "Number",
}
_INTEGERS: dict[int, Any] = {
    types_pb2.DT_INT8: np.int8,
    types_pb2.DT_INT16: np.int16,
    types_pb2.DT_INT32: np.int32,
    types_pb2.DT_INT64: np.int64,
    types_pb2.DT_UINT8: np.uint8,
    types_pb2.DT_UINT16: np.uint16,
    types_pb2.DT_UINT32: np.uint32,
    types_pb2.DT_UINT64: np.uint64,
}
_FLOATS: dict[int, Any] = {types_pb2.DT_FLOAT: np.float32, types_pb2.DT_DOUBLE: np.float64}


@dataclass(frozen=True)
class PredictBody:
    """The body of a predict request, before its tensors are read.

    Attributes:
        signature_name: empty for the default one.
        row: True for `instances`, False for `inputs`.
        content: the value behind that key.
    """

    signature_name: str
    row: bool
    content: Any


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _kind(value: Any) -> str:
    return str(value) if isinstance(value, bool) else _KINDS[type(value)]


def _type_error(value: Any, dtype: int) -> ServingError:
    return statuses.invalid_argument(
        f"JSON Value: {_shown(value)} Type: {_kind(value)} is not of expected type: {tensors.type_name(dtype)}"
    )


# === Request ===


def parse(body: bytes) -> dict[str, Any]:
    """Parses a request's body.

    Raises:
        ServingError: INVALID_ARGUMENT: empty, no JSON, nested too deep, or not an object.
    """
    if not body.strip():
        raise statuses.invalid_argument("JSON Parse error: The document is empty")
    try:
        document = _loads(body)
    except json.JSONDecodeError as error:
        what = (
            "The document root must not be followed by other values." if error.msg == "Extra data" else "Invalid value."
        )
        raise statuses.invalid_argument(f"JSON Parse error: {what} at offset: {error.pos}") from error
    except RecursionError:
        raise statuses.invalid_argument("JSON Parse error: The document is nested too deep.") from None
    except ValueError as error:  # not UTF-8, or a number of thousands of digits
        raise statuses.invalid_argument("JSON Parse error: Invalid value.") from error
    if not isinstance(document, dict):
        raise statuses.invalid_argument(f"JSON Value: {_shown(document)} Is not object")
    return document


def _loads(body: bytes) -> Any:
    """Reads JSON by orjson, and by Python's own reader what that refuses: NaN, lone surrogates; also for its errors."""
    if _LONG_NUMBER not in body.translate(_ALPHABET):
        with contextlib.suppress(orjson.JSONDecodeError):
            return orjson.loads(body)
    return json.loads(body)


def signature_name(document: Mapping[str, Any]) -> str:
    """Returns a document's `signature_name`, empty where there is none.

    Raises:
        ServingError: INVALID_ARGUMENT: it is not a string.
    """
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise statuses.invalid_argument(
            f"JSON Value: {_shown(document)} not formatted correctly. 'signature_name' key must be a string value."
        )
    return name


def predict_body(document: Mapping[str, Any]) -> PredictBody:
    """Finds the parts of a predict request.

    Raises:
        ServingError: INVALID_ARGUMENT: not exactly one of `instances` and `inputs`, or `instances` is no filled list.
    """
    name = signature_name(document)
    if "instances" in document and "inputs" in document:
        raise statuses.invalid_argument(
            f"JSON Value: {_shown(document)} Not formatted correctly expecting only one of 'inputs' or 'instances' "
            "keys to exist "
        )
    if "instances" in document:
        content = document["instances"]
        if not isinstance(content, list):
            raise statuses.invalid_argument(f"JSON Value: {_shown(document)} Excepting 'instances' to be an list/array")
        if not content:
            raise statuses.invalid_argument(f"JSON Value: {_shown(document)} No values in 'instances' array")
        return PredictBody(name, True, content)
    if "inputs" in document:
        return PredictBody(name, False, document["inputs"])
    raise statuses.invalid_argument("Missing 'inputs' or 'instances' key")


def is_base64(value: Any) -> bool:
    """Returns whether a JSON value stands for bytes: `{"b64": "..."}`."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def from_base64(value: dict[str, str]) -> bytes:
    """Decodes such a value.

    Raises:
        ServingError: INVALID_ARGUMENT: it is no base64.
    """
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError):
        raise statuses.invalid_argument("Unable to base64 decode") from None


def _text(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode(errors="surrogatepass")
    if not isinstance(value, dict):
        raise _type_error(value, types_pb2.DT_STRING)
    if not is_base64(value):
        raise statuses.invalid_argument(f"JSON Value: {_shown(value)} not formatted correctly for base64 data")
    return from_base64(value)


def _floats(values: list[Any], dtype: int) -> npt.NDArray[Any]:
    kind = _FLOATS[dtype]
    most_whole, most = 2 ** (np.finfo(kind).nmant + 1) - 1, float(np.finfo(kind).max)
    if set(map(type, values)) <= {float, int}:
        with contextlib.suppress(OverflowError):
            numbers = np.array(values, np.float64)
            if (np.abs(numbers) <= most_whole).all():  # as nearly always: all fit, whatever their type
                return numbers.astype(kind)
    for value in values:
        if type(value) is float:
            lossy = abs(value) > most and math.isfinite(value)
        elif type(value) is int:
            lossy = abs(value) > most_whole
        else:
            raise _type_error(value, dtype)
        if lossy:
            raise statuses.invalid_argument(
                f"Cannot convert JSON value: {_shown(value)} to {tensors.type_name(dtype)} without loss of precision."
            )
    return np.array(values, kind)


def _leaves(values: list[Any], dtype: int) -> npt.NDArray[Any]:
    """Converts a flat list of JSON values to one type, with TensorFlow Serving's strictness: 1.0 is no integer."""
    if dtype == types_pb2.DT_STRING:
        return np.array([_text(value) for value in values], object)
    if dtype in _FLOATS:
        return _floats(values, dtype)
    if dtype in _INTEGERS:
        limits = np.iinfo(_INTEGERS[dtype])
        if set(map(type, values)) - {int} or (values and not limits.min <= min(values) <= max(values) <= limits.max):
            wrong = (each for each in values if type(each) is not int or not limits.min <= each <= limits.max)
            raise _type_error(next(wrong), dtype)
        return np.array(values, _INTEGERS[dtype])
    if dtype == types_pb2.DT_BOOL:
        for value in values:
            if type(value) is not bool:
                raise _type_error(value, dtype)
        return np.array(values, np.bool_)
    raise ServingError(
        StatusCode.UNIMPLEMENTED,
        f"Conversion of JSON Value: {_shown(values[:1])} to type: {tensors.type_name(dtype)}",
    )


def to_array(value: Any, dtype: int) -> npt.NDArray[Any]:
    """Converts a JSON value, nested lists or a single one, to an array of a DataType.

    Raises:
        ServingError: INVALID_ARGUMENT: ragged lists, or values of another type.
    """
    shape, first = [], value
    while isinstance(first, list):
        shape.append(len(first))
        if not first:
            break
        first = first[0]
    if len(shape) >= tensors.MAX_RANK:  # one more may come from the row form
        raise statuses.invalid_argument(
            f"Lists must be nested less than {tensors.MAX_RANK} deep. Received: {len(shape)} levels."
        )
    level_values = [value]
    for level, size in enumerate(shape):
        for item in level_values:
            if not isinstance(item, list):
                raise statuses.invalid_argument(
                    f"JSON Value: {_shown(item)} found at incorrect level: {level + 1} in the JSON DOM. "
                    f"Expected at level: {len(shape)}"
                )
            if len(item) != size:
                raise statuses.invalid_argument(
                    f"Encountered list at unexpected size: {len(item)} at level: {level} expected size: {size}"
                )
        level_values = list(itertools.chain.from_iterable(level_values))
    if any(type(item) is list for item in level_values):
        raise statuses.invalid_argument(f"Encountered list at unexpected level: {len(shape)} expected < {len(shape)}")
    return _leaves(level_values, dtype).reshape(shape)


def _from_instances(instances: list[Any], dtypes: Mapping[str, int]) -> dict[str, npt.NDArray[Any]]:
    objects = isinstance(instances[0], dict) and not is_base64(instances[0])
    if not isinstance(instances[0], dict) and len(dtypes) > 1:
        raise statuses.invalid_argument(
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
            "tensorinfo_map"
        )
    only = min(dtypes)
    columns: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in dtypes}
    for number, element in enumerate(instances):
        is_object = isinstance(element, dict) and not is_base64(element)
        if objects and not is_object:
            raise statuses.invalid_argument(f"Expecting object but got list at item {number} of input list")
        if is_object and not objects:
            raise statuses.invalid_argument(f"Expecting value/list but got object at item {number} of input list")
        for name, value in (element if objects else {only: element}).items():
            key = f" key: {name}" if objects else ""
            try:
                if name not in dtypes:
                    raise statuses.invalid_argument(f"JSON object: does not have named input: {name}")
                array = to_array(value, dtypes[name])
                _compare(columns[name][0] if columns[name] else array, array)
            except ServingError as error:
                raise statuses.invalid_argument(
                    f"Failed to process element: {number}{key} of 'instances' list. Error: {error}"
                ) from error
            columns[name].append(array)
        if objects and set(element) != set(dtypes):
            raise statuses.invalid_argument(
                f"Failed to process element: {number} of 'instances' list. JSON object: {_shown(element)} "
                f"keys must be equal to: {','.join(sorted(dtypes))}"
            )
    return {name: np.stack(arrays) for name, arrays in columns.items()}


def _compare(first: npt.NDArray[Any], other: npt.NDArray[Any]) -> None:
    if first.size != other.size:
        raise statuses.invalid_argument(f"Expecting tensor size: {first.size} but got: {other.size}")
    if first.shape != other.shape:
        shapes = ["[" + ",".join(map(str, array.shape)) + "]" for array in (first, other)]
        raise statuses.invalid_argument(f"Expecting shape {shapes[0]} but got: {shapes[1]}")


def _from_inputs(content: Any, dtypes: Mapping[str, int]) -> dict[str, npt.NDArray[Any]]:
    if not isinstance(content, dict) or is_base64(content):
        if len(dtypes) > 1:
            raise statuses.invalid_argument(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
                "tensorinfo_map"
            )
        return {name: to_array(content, dtype) for name, dtype in dtypes.items()}
    for name in sorted(dtypes):
        if name not in content:
            raise statuses.invalid_argument(f"Missing named input: {name} in 'inputs' object.")
    return {name: to_array(content[name], dtype) for name, dtype in dtypes.items()}


def to_tensors(body: PredictBody, dtypes: Mapping[str, int]) -> dict[str, npt.NDArray[Any]]:
    """Reads the tensors of a predict request.

    Args:
        body: the request.
        dtypes: DataType of each input of the signature, by alias.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    if not dtypes:
        raise statuses.invalid_argument(f"Failed to get input map for signature: {body.signature_name or 'DEFAULT'}")
    return _from_instances(body.content, dtypes) if body.row else _from_inputs(body.content, dtypes)


# === Response ===


def _to_json(alias: str, values: npt.NDArray[Any]) -> Any:
    if values.dtype == object:
        flat = values.ravel()
        if alias.endswith("_bytes"):
            listed: Iterable[Any] = ({"b64": base64.b64encode(value).decode()} for value in flat)
        else:
            listed = (value.decode(errors="replace") for value in flat)
        values = np.fromiter(listed, object, len(flat)).reshape(values.shape)
    elif tensors.dtype_of(values).is_floating and values.dtype != np.float64:
        # By way of text: the shortest that reads back as the same float32, 0.2 and not 0.20000000298023224.
        values = values.astype(np.float32).astype("U").astype(np.float64)
    return values.tolist()


def _to_orjson(alias: str, values: npt.NDArray[Any]) -> Any:
    """As `_to_json`, but leaves arrays of numbers to orjson, which writes the shortest text of a float32 itself."""
    if values.dtype == object or values.ndim == 0:
        return _to_json(alias, values)
    if tensors.dtype_of(values).is_floating and values.dtype != np.float64:
        values = values.astype(np.float32)
    return np.ascontiguousarray(values)


def encode(outputs: Mapping[str, npt.NDArray[Any]], row: bool) -> bytes:
    """Returns the answer to a predict request as JSON.

    Raises:
        ServingError: see `predictions`.
    """
    numbers = [values for values in outputs.values() if values.dtype != object]
    if all(np.isfinite(values.astype(np.float64, copy=False)).all() for values in numbers):
        return orjson.dumps(predictions(outputs, row, _to_orjson), option=orjson.OPT_SERIALIZE_NUMPY)
    return json.dumps(predictions(outputs, row)).encode()  # orjson has no NaN and no infinity


def predictions(
    outputs: Mapping[str, npt.NDArray[Any]],
    row: bool,
    convert: Callable[[str, npt.NDArray[Any]], Any] = _to_json,
) -> dict[str, Any]:
    """Returns the answer to a predict request, in the form of the request.

    Args:
        outputs: the tensors.
        row: see `PredictBody`.
        convert: makes what JSON is written of, of an output's name and values.

    Raises:
        ServingError: INVALID_ARGUMENT: row form of outputs that do not have the same number of rows.
    """
    content = {alias: convert(alias, values) for alias, values in sorted(outputs.items())}
    if not row:
        return {"outputs": content if len(content) > 1 else next(iter(content.values()))}
    sizes = []
    for alias, array in sorted(outputs.items()):
        if array.ndim == 0:
            raise statuses.invalid_argument(f"Tensor name: {alias} has no shape information ")
        sizes.append(len(array))
        if sizes[-1] != sizes[0]:
            raise statuses.invalid_argument(
                f"Tensor name: {alias} has inconsistent batch size: {sizes[-1]} expecting: {sizes[0]}"
            )
    if len(content) == 1:
        return {"predictions": next(iter(content.values()))}
    return {"predictions": [dict(zip(content, values, strict=True)) for values in zip(*content.values(), strict=True)]}
