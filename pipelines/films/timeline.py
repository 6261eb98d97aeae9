"""Time stamps that jump back, as in files joined of parts: one offset from each join on, for all streams alike."""

import dataclasses
from array import array
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import av

# Decoding times that fall by less are disorder within a part, not a join.
_LEAST_JUMP = 0.1  # seconds
# Containers that store no times, only how they differ: nothing in them can jump back.
_RISING = ("mov", "avi")
# Containers that store no decoding times: what libavformat makes of the others may fall. Those of key frames rise.
_SHOWN_ONLY = ("matroska",)
_NONE = -(2**62)


@dataclasses.dataclass(frozen=True)
class Timeline:
    """What to add to the time stamps of each stream.

    Attributes:
        shifts: by stream number: (packets before it, seconds to add from there on), in order; a stream that is not
            here keeps its times.
    """

    shifts: Mapping[int, tuple[tuple[int, Fraction], ...]] = dataclasses.field(default_factory=dict)

    @property
    def straight(self) -> bool:
        """Whether all times are as the file says."""
        return not self.shifts


class Straightener:
    """Puts the packets of one reading of a film, from its beginning, on the film's one timeline."""

    def __init__(self, timeline: Timeline):
        self._left = {index: list(shifts) for index, shifts in timeline.shifts.items()}
        self._seen = dict.fromkeys(timeline.shifts, 0)
        self._shift = dict.fromkeys(timeline.shifts, Fraction(0))

    def apply(self, packet: "av.Packet") -> None:
        """Moves the packet's time stamps."""
        index = packet.stream_index
        if index not in self._seen or not packet.size:
            return
        left = self._left[index]
        while left and left[0][0] <= self._seen[index]:
            self._shift[index] = left.pop(0)[1]
        self._seen[index] += 1
        shift = round(self._shift[index] / packet.time_base)
        if packet.pts is not None:
            packet.pts += shift
        if packet.dts is not None:
            packet.dts += shift


class _Track:
    """The times of one stream's packets, in its time base, in the order of the file."""

    def __init__(self, stream: "av.stream.Stream", shown_only: bool):
        self.kind = stream.type
        self._shown_only = shown_only
        self.time_base = stream.time_base or Fraction(1, 1000)
        self._rows = array("q")

    def add(self, packet: "av.Packet") -> None:
        dts = packet.dts if packet.dts is not None else packet.pts
        pts = packet.pts if packet.pts is not None else packet.dts
        position = packet.pos
        self._rows.extend(
            (
                _NONE if dts is None else dts,
                _NONE if pts is None else pts,
                packet.duration or 0,
                -1 if position is None else position,
                packet.is_keyframe,
            )
        )

    def finish(self) -> None:
        rows = np.frombuffer(self._rows, np.int64).reshape(-1, 5)
        self._dts, self.pts, self.duration, position, self._key = rows.T
        self.position = np.maximum.accumulate(position) if len(rows) else position  # unknown: as the one before
        self.known = np.flatnonzero(self.pts != _NONE)

    def jumps(self) -> list[int]:
        """Returns the packets that begin a part: those before which the time falls, and stays low."""
        least = _LEAST_JUMP / float(self.time_base)
        found: list[int] = []
        begin = 0
        while True:
            part = self.known[begin:]
            times = (self.pts if self._shown_only else self._dts)[part]
            before = np.maximum.accumulate(times)[:-1] if len(times) else times
            falls = (times[1:] < before - least) & (np.append(times[2:], _NONE) < before)  # not one wrong time only
            if self._shown_only:
                falls &= self._key[part[1:]] > 0
            if not falls.any():
                return found
            begin += int(np.argmax(falls)) + 1
            found.append(int(self.known[begin]))

    def span(self, first: int, end: int) -> tuple[Fraction, Fraction] | None:
        """Returns the seconds at which packets `first` to `end` (without it) begin and end."""
        chosen = self.known[(self.known >= first) & (self.known < end)]
        if not len(chosen):
            return None
        usual = int(np.median(self.duration[chosen]))
        if not usual and len(chosen) > 1:
            usual = int(np.median(np.diff(np.sort(self.pts[chosen]))))
        ends = self.pts[chosen] + np.where(self.duration[chosen] > 0, self.duration[chosen], usual)
        return int(self.pts[chosen].min()) * self.time_base, int(ends.max()) * self.time_base


def read(container: "av.container.InputContainer", picture: int) -> Timeline:
    """Reads all packets of a film for joins; decodes nothing.

    Where the picture's decoding times fall, a new part begins. All streams get the one offset that lets neither the
    picture nor a sound track of the part begin before its last part ended, so that they stay together.

    Args:
        container: the film, at its beginning.
        picture: number of its picture stream.
    """
    if container.format.name.split(",")[0] in _RISING:
        return Timeline()
    shown_only = container.format.name.split(",")[0] in _SHOWN_ONLY
    tracks = {stream.index: _Track(stream, shown_only) for stream in container.streams}
    _fill(container, tracks)
    main = tracks[picture]
    joins = main.jumps()
    if not joins:
        return Timeline()
    begins = {index: _parts(track, main, joins) for index, track in tracks.items()}
    shifts: dict[int, list[tuple[int, Fraction]]] = {index: [] for index in tracks}
    total = Fraction(0)
    for number in range(len(joins)):
        steps, steady = [Fraction(0)], set()
        for index, track in tracks.items():
            cuts = [0, *begins[index], len(track.pts)]
            before = track.span(cuts[number], cuts[number + 1])
            after = track.span(cuts[number + 1], cuts[number + 2])
            if track.kind in ("video", "audio") and before and after:
                steps.append(before[1] - after[0])
                if steps[-1] <= 0:
                    steady.add(index)  # a sound track whose own times go on
        total += max(steps)
        for index in tracks:
            if index not in steady:
                shifts[index].append((begins[index][number], total))
    return Timeline({index: tuple(each) for index, each in shifts.items() if each})


def _fill(container: "av.container.InputContainer", tracks: dict[int, _Track]) -> None:
    import av

    try:
        for packet in container.demux():
            if packet.size:
                tracks[packet.stream_index].add(packet)
    except av.error.FFmpegError:
        pass  # a damaged end; whoever decodes says so
    for track in tracks.values():
        track.finish()


def _parts(track: _Track, main: _Track, joins: list[int]) -> list[int]:
    """Returns the packet of `track` with which each part begins.

    Its own jump says so where there is one near the join; otherwise the place in the file.
    """
    if track is main:
        return joins
    own: Any = np.array(track.jumps(), np.int64)
    places = main.position[joins]
    middles = (places[1:] + places[:-1]) / 2
    begins = []
    for number, place in enumerate(places):
        low = middles[number - 1] if number else -np.inf
        high = middles[number] if number < len(middles) else np.inf
        near = own[(track.position[own] >= low) & (track.position[own] < high)]
        if len(near):
            begins.append(int(near[np.argmin(np.abs(track.position[near] - place))]))
        else:
            begins.append(int(np.searchsorted(track.position, place)))
    return begins
