"""The frame that is cut out of a scan before it is coloured."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Crop:
    """A frame on the upright picture; the default is all of it.

    Attributes:
        turn: quarter turns clockwise, 0 to 3, before everything else; the others speak of the turned picture.
        x: of the frame's centre, as a part of the width.
        y: of the frame's centre, as a part of the height.
        width: of the frame, as a part of the width.
        height: of the frame, as a part of the height.
        angle: by which the frame is turned clockwise about its centre, in degrees.
    """

    turn: int = 0
    x: float = 0.5
    y: float = 0.5
    width: float = 1.0
    height: float = 1.0
    angle: float = 0.0

    def turned(self, quarters: int) -> "Crop":
        """Returns the frame around the same things after so many more quarter turns clockwise."""
        crop = self
        for _ in range(quarters % 4):
            turn = (crop.turn + 1) % 4
            crop = Crop(turn, 1 - crop.y, crop.x, crop.height, crop.width, crop.angle)
        return crop


WHOLE = Crop()
