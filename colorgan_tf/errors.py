"""Every error that this project raises on purpose, as one tree.

    ColorGANError
    ├── InputError             bad input; also a ValueError; a command prints it as one line and exits 2
    │   └── ServerError        a model server cannot be reached, is too busy, or failed
    ├── UnsupportedError       an intact file of a kind that is not read; becomes an InputError that names it
    ├── PartialFailure         some of many inputs failed; a command prints it and exits 1
    ├── TrainingDiverged       a loss or a weight is no longer a number; also a RuntimeError
    ├── RequestError           website and desktop: what a user asked for is not done; with an HTTP status
    └── ServingError           model server: a request that failed; with a gRPC code

Messages say what must hold, then what came: "`size` must be a multiple of 32. Received: size=300."
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the desktop program has no gRPC
    from grpc import StatusCode


class ColorGANError(Exception):
    """The root: catch it to catch every error that this project raises on purpose."""


class InputError(ColorGANError, ValueError):
    """Bad input by the user: a command prints the message as one line and exits 2."""


class ServerError(InputError):
    """The model server cannot be reached, is too busy, or failed."""


class UnsupportedError(ColorGANError):
    """An intact file of a kind that is not read: the message says which; `media.formats` adds the file's name."""


class PartialFailure(ColorGANError):
    """Some of many inputs failed: a command prints the message and exits 1."""


class TrainingDiverged(ColorGANError, RuntimeError):
    """A loss or a weight is no longer a number; the last checkpoint holds the last good weights."""


class RequestError(ColorGANError):
    """What a user of the website or the window asked for is not done.

    Attributes:
        text: why, for a person: what must hold, then what came.
        status: the HTTP status that says the same.
    """

    def __init__(self, text: str, status: int = 400):
        super().__init__(text)
        self.text, self.status = text, status


class ServingError(ColorGANError):
    """A request to the model server that failed.

    Attributes:
        code: the gRPC status code.
        text: for the client.
    """

    def __init__(self, code: "StatusCode", text: str):
        super().__init__(text)
        self.code, self.text = code, text

    def __str__(self) -> str:
        """Returns code and text as `absl::Status::ToString` prints them."""
        return f"{self.code.name}: {self.text}"
