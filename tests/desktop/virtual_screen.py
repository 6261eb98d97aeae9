"""A screen in memory (Xvfb), and what is to be seen on it."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np


class Screen:
    """A running Xvfb.

    Attributes:
        name: for `DISPLAY`.
    """

    def __init__(self, name: str, file: Path):
        self.name, self._file = name, file

    def picture(self) -> np.ndarray:
        """Returns the screen `[height, width, 3]` uint8 (X window dump format, version 7, 32 bits a pixel)."""
        data = self._file.read_bytes()
        header = np.frombuffer(data[:100], ">u4")
        size, width, height, row, colours = (int(header[at]) for at in (0, 4, 5, 12, 19))
        pixels = np.frombuffer(data[size + 12 * colours :], np.uint8)[: row * height]
        return pixels.reshape(height, row // 4, 4)[:, :width, 2::-1]


@contextlib.contextmanager
def screen(folder: Path, width: int = 1366, height: int = 900) -> Iterator[Screen]:
    """Runs an Xvfb."""
    assert shutil.which("Xvfb")
    read, write = os.pipe()
    arguments = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24", "-fbdir", str(folder)]
    process = subprocess.Popen([*arguments, "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        yield Screen(f":{number}", folder / "Xvfb_screen0")
    finally:
        process.terminate()
        process.wait()
