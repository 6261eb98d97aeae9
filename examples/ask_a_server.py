"""Colours a photograph on a server.

python -m serving.server --port=8500 --model_name=colorgan --model_base_path=saved_models/colorgan
python examples/ask_a_server.py localhost:8500 photo.jpg coloured.jpg
"""

import sys
from pathlib import Path

from serving.client import Client


def main(address: str, photo: str, coloured: str) -> None:
    """Sends the file as it is and writes the answer, a JPEG of the same size."""
    with Client(address) as client:
        (answer,) = client.colorize([Path(photo).read_bytes()], jpeg=True)
    Path(coloured).write_bytes(answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
