"""Tensors and their protos, both ways, without trusting what a client sends.

Between the front ends and the model, tensors are numpy arrays, strings as arrays of bytes objects. In TensorFlow 2.16
each tensor that Python makes (`tf.constant`, a value given to an operation) leaks 330 bytes (tensorflow#68196),
megabytes a minute on a busy server; arrays given to `tf.raw_ops` do not.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2

from serving.model_server import statuses

# numpy's limit, below TensorFlow's own of 254; no model has so many dimensions.
MAX_RANK = 32
# How many bytes a string costs in memory before its characters.
_STRING_BYTES = 24
_LISTS = {
    tf.half: "half_val",
    tf.bfloat16: "half_val",
    tf.int8: "int_val",
    tf.int16: "int_val",
    tf.int32: "int_val",
    tf.uint8: "int_val",
    tf.uint16: "int_val",
    tf.int64: "int64_val",
    tf.uint32: "uint32_val",
    tf.uint64: "uint64_val",
    tf.bool: "bool_val",
}
_FLOATS = {tf.float32: "float_val", tf.float64: "double_val"}
# Resources, variants and references are no data: nothing of the kind is decoded from outside.
_PLAIN_TYPES = {kind.as_datatype_enum for kind in (*_LISTS, *_FLOATS, tf.complex64, tf.complex128, tf.string)}


def type_name(dtype: int) -> str:
    """Returns the name TensorFlow prints for a DataType number, such as `float` or `string`."""
    try:
        name = types_pb2.DataType.Name(dtype)
    except ValueError:
        return str(dtype)
    return name.removeprefix("DT_").lower()


def shape_text(shape: tensor_shape_pb2.TensorShapeProto) -> str:
    """Returns a shape as `[?,256,256,1]`, with `?` for an open dimension."""
    if shape.unknown_rank:
        return "[...]"
    return "[" + ",".join("?" if dim.size < 0 else str(dim.size) for dim in shape.dim) + "]"


def check_rank(alias: str, rank: int) -> None:
    """Refuses tensors of more dimensions than can be handled here.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    if rank > MAX_RANK:
        raise statuses.invalid_argument(f"Input `{alias}` must have at most {MAX_RANK} dimensions. Received: {rank}.")


def _decoded_bytes(proto: tensor_pb2.TensorProto, count: int) -> int:
    """Returns the memory the tensor takes once decoded: a proto may repeat its last value up to its shape."""
    if proto.dtype != types_pb2.DT_STRING:
        return count * tf.dtypes.as_dtype(proto.dtype).size
    if proto.tensor_content:
        return len(proto.tensor_content) + count * _STRING_BYTES
    lengths = [len(value) for value in proto.string_val[:count]]
    repeated = (count - len(lengths)) * (lengths[-1] if lengths else 0)
    return sum(lengths) + repeated + count * _STRING_BYTES


def from_proto(alias: str, proto: tensor_pb2.TensorProto, max_bytes: int) -> npt.NDArray[Any]:
    """Decodes a TensorProto by TensorFlow's own rules (`Tensor::FromProto`).

    Args:
        alias: the input's name, for the error text.
        proto: typed lists or `tensor_content`; fewer values than the shape asks for repeat the last one.
        max_bytes: the largest tensor that is accepted, since a proto of ten bytes may ask for terabytes.

    Raises:
        ServingError: INVALID_ARGUMENT, where content and shape do not fit, or the tensor is too large.
    """
    sizes = [dim.size for dim in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or any(size < 0 for size in sizes):
        raise statuses.tensor_parsing(alias)
    check_rank(alias, len(sizes))
    if proto.dtype not in _PLAIN_TYPES:
        raise statuses.tensor_parsing(alias)
    dtype = tf.dtypes.as_dtype(proto.dtype)
    needed = _decoded_bytes(proto, math.prod(sizes))
    # Without elements any size is right for TensorFlow, but numpy counts the other dimensions even so.
    if needed > max_bytes or math.prod(filter(None, sizes)) > max_bytes:
        raise statuses.invalid_argument(
            f"Input `{alias}` must decode to at most {max_bytes} bytes. "
            f"Received: {needed} bytes in shape {shape_text(proto.tensor_shape)}."
        )
    if proto.tensor_content and dtype != tf.string and len(proto.tensor_content) != needed:
        raise statuses.tensor_parsing(alias)
    serialized = np.array(proto.SerializeToString(), object)
    try:
        return to_array(tf.raw_ops.ParseTensor(serialized=serialized, out_type=dtype))
    except tf.errors.OpError as error:
        raise statuses.tensor_parsing(alias) from error


def to_array(tensor: tf.Tensor) -> npt.NDArray[Any]:
    """Returns an eager tensor as an array, of bytes objects for strings; numbers are not copied."""
    if tensor.dtype == tf.string:  # a scalar comes as a bytes object, which numpy would take for text of fixed width
        return np.array(tensor.numpy(), object)
    return np.asarray(tensor) if tensor.shape.rank else np.asarray(tensor.numpy())


def from_array(values: npt.NDArray[Any]) -> tf.Tensor:
    """Returns an array as an eager tensor, without the leak (see above)."""
    return tf.raw_ops.Identity(input=values)


def dtype_of(values: npt.NDArray[Any]) -> tf.DType:
    """Returns an array's TensorFlow type."""
    return tf.dtypes.as_dtype(values.dtype)


def to_proto(values: npt.NDArray[Any], as_content: bool) -> tensor_pb2.TensorProto:
    """Encodes an array as TensorFlow Serving does.

    Args:
        values: the array.
        as_content: True packs numbers into `tensor_content`; False (TensorFlow Serving's default, which clients read
            as `.float_val`) fills the typed list. Strings are always a list.
    """
    dtype = dtype_of(values)
    proto = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    for size in values.shape:
        proto.tensor_shape.dim.add().size = size
    if dtype == tf.string:
        proto.string_val.extend(values.ravel().tolist())
    elif as_content or dtype not in _LISTS | _FLOATS:
        proto.tensor_content = values.tobytes()
    elif dtype in _FLOATS:
        # A packed list of floats is, on the wire, its little-endian bytes behind a tag and a length. Parsing that takes
        # 0.3 ms for 131,000 floats, where `float_val.extend` takes 26 ms, half a network pass.
        field = proto.DESCRIPTOR.fields_by_name[_FLOATS[dtype]]
        proto.MergeFromString(_packed(field.number, values.astype(values.dtype.newbyteorder("<")).tobytes()))
    else:
        if _LISTS[dtype] == "half_val":  # 16-bit floats travel as their bit pattern
            values = values.view(np.uint16)
        getattr(proto, _LISTS[dtype]).extend(values.ravel().tolist())
    return proto


def _packed(field: int, raw: bytes) -> bytes:
    """Returns a length-delimited protobuf field (protobuf encoding, wire type 2)."""
    length, head = len(raw), bytearray([field << 3 | 2])
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + raw
