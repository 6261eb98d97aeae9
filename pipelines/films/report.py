"""The report of a coloured film: shots, speed by stage, steadiness and colour before and after stabilization."""

import dataclasses
import json
from typing import Any

import numpy as np

from pipelines.media.tone import Tone


@dataclasses.dataclass
class ShotReport:
    """One shot.

    Attributes:
        first: number of its first frame.
        begin: seconds from the film's start.
        transition: how it begins: "start", "cut", "fade" or "dissolve".
        frames: its length.
        tone: a `Tone` (a shot in colour is left as it was); "dark" where it shows nothing.
        colourfulness: mean over frames (see `metrics.films`), before and after stabilization.
        warp_error: mean squared U/V difference along the flow to the frame before, before and after stabilization.
        covered: share of pixels over which the warp error was taken.
    """

    first: int
    begin: float
    transition: str
    frames: int = 0
    tone: str = "dark"
    colourfulness: tuple[float, float] = (0.0, 0.0)
    warp_error: tuple[float, float] = (0.0, 0.0)
    covered: float = 0.0

    def to_row(self) -> dict[str, Any]:
        """Returns the shot as plain values for JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass
class FilmReport:
    """A coloured film.

    Attributes:
        path: the film.
        output: the file written.
        frames: frames written.
        seconds: wall-clock time of this run.
        stage_seconds: seconds of work by stage in this run; stages run at the same time.
        colored: frames that went through the network in this run.
        resumed: frames that an earlier run had already done.
        shots: its shots, in order.
        notes: what could not be kept or read, one line each.
        bytes_written: size of the output.
        copied: whether the film is in colour already, and the output is a copy of it.
    """

    path: str
    output: str
    frames: int = 0
    seconds: float = 0.0
    stage_seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    colored: int = 0
    resumed: int = 0
    shots: list[ShotReport] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    bytes_written: int = 0
    copied: bool = False

    def copy_of(self, shots: list[ShotReport]) -> None:
        """Notes that the output is a copy."""
        self.copied, self.notes, self.shots = True, [], shots
        self.frames = sum(shot.frames for shot in shots)

    @property
    def in_colour(self) -> bool:
        """Whether the film has its own colours throughout."""
        tones = {shot.tone for shot in self.shots}
        return self.copied or (Tone.COLOUR in tones and tones <= {Tone.COLOUR, "dark"})

    @property
    def rate(self) -> float:
        """Frames a second of this run."""
        return (self.frames - self.resumed) / self.seconds if self.seconds else 0.0

    def warp_error(self) -> tuple[float, float]:
        """Mean warp error before and after stabilization, weighted by frames."""
        return self._mean("warp_error")

    def colourfulness(self) -> tuple[float, float]:
        """Mean colourfulness before and after stabilization, weighted by frames."""
        return self._mean("colourfulness")

    def _mean(self, name: str) -> tuple[float, float]:
        # A shot in colour has figures where it was coloured anew.
        shots = [each for each in self.shots if each.frames and (each.tone != Tone.COLOUR or any(each.colourfulness))]
        if not shots:
            return 0.0, 0.0
        weights = np.array([shot.frames for shot in shots], float)
        pairs = np.array([getattr(shot, name) for shot in shots])
        before, after = (weights @ pairs) / weights.sum()
        return float(before), float(after)

    def worst_first(self) -> list[ShotReport]:
        """Returns the shots by warp error after stabilization, worst first."""
        return sorted(self.shots, key=lambda shot: -shot.warp_error[1])

    def to_json(self) -> str:
        """Returns the report as JSON, worst shots first."""
        fields = dataclasses.asdict(self) | {"rate": self.rate, "shots": [s.to_row() for s in self.worst_first()]}
        return json.dumps(fields, indent=1)

    def to_text(self) -> str:
        """Returns the report as a few lines for people."""
        if self.copied:
            return f"already in colour: {self.frames} frames in {len(self.shots)} shots"
        before, after = self.warp_error()
        colour_before, colour_after = self.colourfulness()
        stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.stage_seconds.items())
        lines = [
            f"{self.output}: {self.frames} frames in {len(self.shots)} shots, {self.rate:.1f} frames a second",
            f"  work by stage: {stages}",
            f"  U/V warp error {before:.2e} frame by frame, {after:.2e} stabilized;"
            f" colourfulness {colour_before:.1f} and {colour_after:.1f}",
        ]
        for shot in self.worst_first()[:3]:
            what = f"{shot.frames} frames, {shot.tone}"
            lines.append(f"  shot at {shot.begin:.1f} s ({what}): warp error {shot.warp_error[1]:.2e}")
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)


class ShotTally:
    """Gathers the figures of the shots while the film runs; its state goes into each resume point."""

    def __init__(self) -> None:
        self.shots: list[ShotReport] = []
        self._warped = 0

    def begin(self, shot: ShotReport) -> None:
        """Opens the next shot."""
        self.shots.append(shot)
        self._warped = 0

    def add(self, colourfulness: tuple[float, float] | None, warp_error: tuple[float, float, float] | None) -> None:
        """Adds a frame to the open shot: running means of what is known about it."""
        shot = self.shots[-1]
        if colourfulness is not None:
            shot.colourfulness = _running(shot.colourfulness, colourfulness, shot.frames)
        shot.frames += 1
        if warp_error is not None:
            shot.warp_error = _running(shot.warp_error, warp_error[:2], self._warped)
            (shot.covered,) = _running((shot.covered,), warp_error[2:], self._warped)
            self._warped += 1

    def state(self) -> dict[str, np.ndarray]:
        """Returns what `restore` needs, as arrays."""
        text = json.dumps([shot.to_row() for shot in self.shots])
        return {"shots": np.array(text), "warped": np.array(self._warped)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from a saved state."""
        self.shots = [
            ShotReport(**row | {"colourfulness": tuple(row["colourfulness"]), "warp_error": tuple(row["warp_error"])})
            for row in json.loads(str(state["shots"]))
        ]
        self._warped = int(state["warped"])


def _running(mean: tuple[float, ...], value: tuple[float, ...], count: int) -> Any:
    return tuple(float(m + (v - m) / (count + 1)) for m, v in zip(mean, value, strict=True))
