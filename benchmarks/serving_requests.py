"""What the serving benchmarks send, and how they check what comes back: made pictures, codes, right answers, rules."""

import dataclasses
import hashlib
import io
import threading
from collections.abc import Callable, Sequence

from colorgan_tf.errors import InputError

SIGNATURE = "colorize_jpeg"
PICTURE = (512, 256)  # width and height
MODEL = "colorgan"
# Codes that a server may answer good requests with, however busy it is.
ALLOWED = ("OK", "UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED")
# Joined with others, a picture goes through the same network in another order of additions: a level here or there
# rounds otherwise. Two of the made pictures differ by 20 levels on average.
_MEAN_DIFFERENCE = 0.5


@dataclasses.dataclass(frozen=True)
class Rule:
    """What is asked of the server, and what was seen.

    Attributes:
        wanted: the rule, in words.
        seen: what the run showed.
        kept: whether it holds; None if the run was too short to know.
    """

    wanted: str
    seen: str
    kept: bool | None


def picture(seed: int = 0) -> bytes:
    """Returns a made grey JPEG file of 512 x 256 pixels."""
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(seed).integers(0, 256, (PICTURE[1] // 8, PICTURE[0] // 8), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize(PICTURE, Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def predict_request(pictures: Sequence[bytes]):
    """Returns a PredictRequest that asks for the pictures' colours."""
    from tensorflow.core.framework import types_pb2
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = MODEL, SIGNATURE
    tensor = request.inputs["image_bytes"]
    tensor.dtype = types_pb2.DT_STRING
    tensor.tensor_shape.dim.add().size = len(pictures)
    tensor.string_val.extend(pictures)
    return request


def coloured(response) -> bytes:
    """Returns the picture of a PredictResponse to a request of one."""
    (data,) = response.outputs["colorized_bytes"].string_val
    return data


def direct_call(folder: str) -> Callable[[Sequence[bytes]], list[bytes]]:
    """Loads a SavedModel into this process and returns what colours picture files with it.

    Raises:
        InputError: if it lacks the signature.
    """
    import tensorflow as tf

    model = tf.saved_model.load(folder)
    if SIGNATURE not in model.signatures:
        raise InputError(f"The model must have the signature {SIGNATURE}. Received: {folder}.")

    def call(pictures: Sequence[bytes], model=model) -> list[bytes]:  # a signature does not keep its model alive
        return model.signatures[SIGNATURE](image_bytes=tf.constant(list(pictures)))["colorized_bytes"].numpy().tolist()

    return call


class RightAnswers:
    """Knows what each picture must come back as."""

    def __init__(self, answers: Sequence[bytes]):
        """Creates it.

        Args:
            answers: by the number of the picture, the file that the model itself gives.
        """
        self._pixels = [_pixels(answer) for answer in answers]
        self._seen = {(number, hashlib.sha256(answer).digest()) for number, answer in enumerate(answers)}
        self._lock = threading.Lock()

    def fits(self, number: int, answer: bytes) -> bool:
        """Returns whether `answer` is picture `number` in its colours, but for rounding."""
        key = number, hashlib.sha256(answer).digest()
        with self._lock:
            if key in self._seen:
                return True
        try:
            pixels = _pixels(answer)
        except OSError:
            return False
        wanted = self._pixels[number]
        if pixels.shape != wanted.shape or abs(pixels - wanted).mean() > _MEAN_DIFFERENCE:
            return False
        with self._lock:
            self._seen.add(key)
        return True


def _pixels(file: bytes):
    import numpy as np
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(file)), np.int16)
