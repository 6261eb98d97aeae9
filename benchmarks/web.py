"""Measures the website: the page, a 12-megapixel photo, a film's first coloured frame, fifty uploads at once.

    python -m benchmarks.web [--model=saved_models/colorgan] [--json=figures.json]

starts the website on a free port of this machine, with files of its own, and ends it again.
"""

import contextlib
import io
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError

FLAGS = flags.FLAGS
_PHOTO = (4000, 3000)
_FILM = (640, 480, 250)
_MANY = 50
_LOADED = re.compile(r'(?:src|href)="(/static/[^"]+)"')


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string("model", None, "What colours. Default: the model that came with this.")
    flags.DEFINE_string("json", None, "File for the figures.")


@contextlib.contextmanager
def website(model: Path, data: str) -> Iterator[tuple[str, int]]:
    """Runs the website; yields its address and its process."""
    arguments = [sys.executable, "-m", "serving.web", "--port=0", f"--model={model}", f"--data={data}"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+[^/\s]", process.stdout.readline())
        if found is None:
            raise InputError(f"The website must start. Received: exit code {process.wait()}.")
        yield found[0], process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


class Program:
    """A program that uses the website."""

    def __init__(self, address: str):
        import requests

        self._address, self._session = address, requests.Session()
        token = self._session.post(f"{address}/api/users").json()["token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str) -> bytes:
        """Fetches something."""
        answer = self._session.get(self._address + path)
        answer.raise_for_status()
        return answer.content

    def upload(self, data: bytes, name: str) -> tuple[int, dict[str, Any]]:
        """Sends a file; returns the status and the answer."""
        answer = self._session.post(f"{self._address}/api/files", params={"name": name}, data=data)
        return answer.status_code, answer.json()

    def change(self, file: dict[str, Any], **settings: Any) -> dict[str, Any]:
        """Changes settings."""
        return self._session.patch(self._address + file["links"]["self"], json=settings).json()

    def wait(self, file: dict[str, Any], until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Asks every 20 ms until something holds."""
        while not until(file):
            if file["state"] == "failed":
                raise InputError(f"The website must colour made files. Received: {file['note']}")
            time.sleep(0.02)
            file = json.loads(self.get(file["links"]["self"]))
        return file

    def done(self, file: dict[str, Any]) -> dict[str, Any]:
        """Waits for a result newer than the one in `file`."""
        version = file["version"]
        return self.wait(file, lambda now: now["state"] == "done" and now["version"] > version)


def photo(width: int, height: int, seed: int = 0) -> bytes:
    """Returns a made grey JPEG with detail at all sizes."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width), np.float32)
    for size in (4, 16, 64, 256):
        noise = Image.fromarray(rng.random((size, size), np.float32))
        picture += np.asarray(noise.resize((width, height), Image.Resampling.BICUBIC)) / size**0.5
    picture += rng.normal(0, 0.02, picture.shape)
    picture = (picture - picture.min()) / np.ptp(picture)
    buffer = io.BytesIO()
    Image.fromarray(np.rint(picture * 255).astype(np.uint8)).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def film(path: Path, width: int, height: int, frames: int) -> bytes:
    """Returns a made grey film: a photo that slides."""
    import av
    import numpy as np
    from PIL import Image

    picture = np.asarray(Image.open(io.BytesIO(photo(width + frames, height))))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture[:, number : number + width].copy(), format="gray")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()


def memory(process: int) -> float:
    """Returns the memory of a process and its children in MB (Linux)."""
    total = 0.0
    children = Path(f"/proc/{process}/task/{process}/children")
    for each in [process, *map(int, children.read_text().split())]:
        rows = Path(f"/proc/{each}/status").read_text()
        total += sum(int(value) for value in re.findall(r"VmRSS:\s+(\d+)", rows)) / 1000
    return total


def measure(address: str, process: int, folder: Path) -> dict[str, float]:
    """Takes all figures; seconds, kilobytes, megabytes."""
    program = Program(address)
    program.done(program.upload(photo(640, 480), "warm.jpg")[1])  # the model is loaded
    made = film(folder / "film.mp4", *_FILM)
    program.done(program.upload(film(folder / "short.mp4", 64, 64, 5), "warm.mp4")[1])
    figures: dict[str, float] = {}

    began = time.perf_counter()
    page = program.get("/")
    parts = [page, *(program.get(part) for part in sorted(set(_LOADED.findall(page.decode())) | {"/static/site.js"}))]
    figures["start page with all its code, s"] = time.perf_counter() - began
    figures["start page with all its code, kB"] = sum(map(len, parts)) / 1000

    data = photo(*_PHOTO)
    began = time.perf_counter()
    file = program.done(program.upload(data, "photo.jpg")[1])
    figures["12-megapixel photo, upload to result, s"] = time.perf_counter() - began
    began = time.perf_counter()
    program.done(program.change(file, strength=1.3))
    figures["its strength changed, s"] = time.perf_counter() - began

    began = time.perf_counter()
    file = program.upload(made, "film.mp4")[1]
    program.wait(file, lambda now: "preview" in now["links"])
    figures["film, upload to first coloured frame, s"] = time.perf_counter() - began
    file = program.wait(file, lambda now: now["state"] == "done")
    figures["film of 250 frames, upload to result, s"] = time.perf_counter() - began

    pictures = [photo(1600, 1200, seed) for seed in range(_MANY)]
    began = time.perf_counter()
    with ThreadPoolExecutor(_MANY) as senders:
        answers = list(senders.map(lambda data: Program(address).upload(data, "photo.jpg")[0], pictures))
    figures["50 uploads at once, all answered, s"] = time.perf_counter() - began
    figures["of them taken"] = answers.count(201)
    peak = memory(process)
    while json.loads(program.get("/healthz"))["waiting"]:
        peak = max(peak, memory(process))
        time.sleep(0.1)
    figures["and all coloured, s"] = time.perf_counter() - began
    figures["most memory meanwhile, website and workers, MB"] = peak
    return figures


def main(argv: list[str]) -> None:
    """Measures and prints."""
    from colorgan_tf.inference import model_files

    if argv[1:]:
        raise InputError(f"Flags only are expected. Received: {' '.join(argv[1:])}.")
    model = Path(FLAGS.model or model_files.default_path())
    if not model.exists():
        raise InputError(f"The model must exist. Received: {model}.")
    with (
        tempfile.TemporaryDirectory(prefix="website.") as folder,
        website(model, f"{folder}/data") as (address, process),
    ):
        figures = measure(address, process, Path(folder))
    for name, value in figures.items():
        print(f"{name:50}{value:10.2f}")
    if FLAGS.json:
        Path(FLAGS.json).write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    define_flags()
    command.run(main)
