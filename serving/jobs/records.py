"""What is known of a file: its kind, its state, and how it is to be coloured."""

import dataclasses
import json
import math
from typing import Any

from colorgan_tf.errors import RequestError
from colorgan_tf.inference.quality import Quality
from pipelines.media.formats import Kind
from pipelines.stills.crop import WHOLE, Crop

# A file waits, is worked on, and ends in one of the last three; a stopped film keeps what was done.
WAITING, WORKING, DONE, STOPPED, FAILED = "waiting", "working", "done", "stopped", "failed"
MOST_HINTS = 40


@dataclasses.dataclass(frozen=True)
class Hint:
    """What a user points out: the thing at this spot has this colour.

    Attributes:
        x: from the left, as a part of the width, in [0, 1].
        y: from the top, as a part of the height, in [0, 1]; of the upright picture.
        rgb: the colour, 0 to 255 each; None keeps the model's colour there, against other hints.
        reach: how far the colour spreads over things that look alike; 1 is usual.
        frame: of an animation or film, from 0.
        darken: a thing of a picture that is too light to take the colour is darkened.
    """

    x: float
    y: float
    rgb: tuple[int, int, int] | None
    reach: float = 1.0
    frame: int = 0
    darken: bool = False


@dataclasses.dataclass(frozen=True)
class JobSettings:
    """How a file is to be coloured.

    Attributes:
        strength: of the colours, 0 (grey) to 2; 1 is the model's own.
        quality: how much work goes into it.
        force: colour what is in colour already.
        hints: in the order in which they were given.
        crop: what of a picture is coloured; other hints belong to another crop.
        stretch: bring the tones of a faded or dark picture to the full range before.
        versions: make versions of a picture to choose from, beside the result.
        reference: tells the picture in colour that is given beside the file from others; empty where there is none.
    """

    strength: float = 1.0
    quality: Quality = Quality.GOOD
    force: bool = False
    hints: tuple[Hint, ...] = ()
    crop: Crop = WHOLE
    stretch: bool = False
    versions: bool = False
    reference: str = ""


@dataclasses.dataclass(frozen=True)
class FileRecord:
    """One uploaded file.

    Attributes:
        id: unguessable; also the name of its folder.
        user: whose it is.
        name: as it was called on the user's machine: shown, and offered for the download, never used as a path.
        kind: picture, animation or film.
        suffix: ending of the original, chosen by its content.
        created: seconds since 1970.
        state: see above.
        settings: how it is to be coloured.
        note: what there is to say about the result, or why there is none.
        in_colour: whether the original has colours already and was left as it is.
        result: name of the result in the file's folder; empty where there is none.
        frames: of the result.
        size: (width, height) of the upright picture; (0, 0) until it is known.
        version: counts results, so that a browser never shows an old one.
        seconds: that the work took.
        language: of its user, for notes.
        parts: frames of the photographs on a scan that shows several.
        pages: of the original, where all of them can become files of their own.
        page: of the original that this file is, from 0; None where it is no page of its own.
        offers: what the model can do beyond colouring: "versions" of a picture, colours from a "reference".
        versions: hints of each version of a picture, where they were asked for.
    """

    id: str
    user: str
    name: str
    kind: Kind
    suffix: str
    created: float
    state: str = WAITING
    settings: JobSettings = JobSettings()
    note: str = ""
    in_colour: bool = False
    result: str = ""
    frames: int = 1
    size: tuple[int, int] = (0, 0)
    version: int = 0
    seconds: float = 0.0
    language: str = "en"
    parts: tuple[Crop, ...] = ()
    pages: int = 1
    page: int | None = None
    offers: tuple[str, ...] = ()
    versions: tuple[tuple[Hint, ...], ...] = ()

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return self.name.rpartition(".")[0] or self.name

    @property
    def download_name(self) -> str:
        """Under which the result is offered."""
        return f"{self.stem}-coloured.{self.result.rpartition('.')[2]}"

    def to_json(self) -> str:
        """Returns the record as JSON."""
        return json.dumps(dataclasses.asdict(self))


def from_json(text: str) -> FileRecord:
    """Reads what `FileRecord.to_json` wrote."""
    values = json.loads(text)
    for old, new in (("visitor", "user"), ("wishes", "settings")):  # as earlier versions wrote them
        if old in values:
            values[new] = values.pop(old)
    settings = values.pop("settings")
    settings["quality"] = Quality(settings["quality"])
    hints = tuple(_stored_hint(hint) for hint in settings.pop("hints"))
    crop = Crop(**settings.pop("crop", {}))
    parts = tuple(Crop(**part) for part in values.pop("parts", ()))
    read = {
        "kind": Kind(values["kind"]),
        "size": tuple(values["size"]),
        "parts": parts,
        "offers": tuple(values.get("offers", ())),
        "versions": tuple(tuple(_stored_hint(hint) for hint in each) for each in values.get("versions", ())),
    }
    return FileRecord(**values | read, settings=JobSettings(**settings, hints=hints, crop=crop))


def _stored_hint(values: dict[str, Any]) -> Hint:
    return Hint(**values | {"rgb": None if values["rgb"] is None else tuple(values["rgb"])})


def changed_settings(settings: JobSettings, values: Any) -> JobSettings:
    """Applies what a user sent to the settings of a file; names that are left out keep their value.

    Raises:
        RequestError: a name is unknown, or a value of the wrong type or out of its range.
    """
    if not isinstance(values, dict):
        raise RequestError(f"The settings must be a JSON object. Received: {type(values).__name__}.")
    unknown = set(values) - {field.name for field in dataclasses.fields(JobSettings)}
    if unknown:
        raise RequestError(
            "The settings must be strength, quality, force, hints, crop, stretch, versions and reference. "
            f"Received: {', '.join(sorted(unknown))}."
        )
    new: dict[str, Any] = {}
    if "strength" in values:
        new["strength"] = _number(values["strength"], "strength", 0.0, 2.0)
    if "quality" in values:
        if values["quality"] not in list(Quality):
            raise RequestError(f"`quality` must be one of {', '.join(Quality)}. Received: {values['quality']!r:.40}.")
        new["quality"] = Quality(values["quality"])
    for name in {"force", "stretch", "versions"} & set(values):
        if not isinstance(values[name], bool):
            raise RequestError(f"`{name}` must be true or false. Received: {values[name]!r:.40}.")
        new[name] = values[name]
    if "reference" in values:
        if values["reference"] not in ("", settings.reference):
            raise RequestError("`reference` must be as it is, or empty for none; a new one is sent as a picture.")
        new["reference"] = values["reference"]
    if "crop" in values:
        new["crop"] = _crop(values["crop"])
        if new["crop"] != settings.crop:
            new["hints"] = ()
    if "hints" in values:
        if not isinstance(values["hints"], list) or len(values["hints"]) > MOST_HINTS:
            raise RequestError(f"`hints` must be a list of at most {MOST_HINTS}.")
        new["hints"] = tuple(_hint(hint) for hint in values["hints"])
    return dataclasses.replace(settings, **new)


def _crop(values: Any) -> Crop:
    if not isinstance(values, dict) or set(values) - {field.name for field in dataclasses.fields(Crop)}:
        raise RequestError("`crop` must be an object of turn, x, y, width, height and angle.")
    turn = values.get("turn", 0)
    if isinstance(turn, bool) or turn not in (0, 1, 2, 3):
        raise RequestError(f"`turn` of a crop must be 0, 1, 2 or 3. Received: {turn!r:.40}.")
    return Crop(
        turn=int(turn),
        x=_number(values.get("x", 0.5), "x", 0.0, 1.0),
        y=_number(values.get("y", 0.5), "y", 0.0, 1.0),
        width=_number(values.get("width", 1), "width", 0.01, 1.0),
        height=_number(values.get("height", 1), "height", 0.01, 1.0),
        angle=_number(values.get("angle", 0), "angle", -45.0, 45.0),
    )


def _hint(values: Any) -> Hint:
    if not isinstance(values, dict) or set(values) - {field.name for field in dataclasses.fields(Hint)}:
        raise RequestError("Each hint must be an object of x, y, rgb, reach, frame and darken.")
    rgb = values.get("rgb")
    if rgb is not None and not (isinstance(rgb, list) and len(rgb) == 3 and all(_is_byte(part) for part in rgb)):
        raise RequestError("`rgb` of a hint must be three whole numbers from 0 to 255, or null.")
    frame = values.get("frame", 0)
    if isinstance(frame, bool) or not isinstance(frame, int) or not 0 <= frame < 10**7:
        raise RequestError("`frame` of a hint must be a whole number from 0.")
    darken = values.get("darken", False)
    if not isinstance(darken, bool):
        raise RequestError("`darken` of a hint must be true or false.")
    return Hint(
        x=_number(values.get("x"), "x", 0.0, 1.0),
        y=_number(values.get("y"), "y", 0.0, 1.0),
        rgb=None if rgb is None else (rgb[0], rgb[1], rgb[2]),
        reach=_number(values.get("reach", 1.0), "reach", 0.1, 5.0),
        frame=frame,
        darken=darken,
    )


def _is_byte(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255


def _number(value: Any, name: str, least: float, most: float) -> float:
    valid = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not valid or not least <= value <= most:
        raise RequestError(f"`{name}` must be a number from {least:g} to {most:g}. Received: {value!r:.40}.")
    return float(value)
