"""PDF files of scans: their pages are read by an optional library, else there is advice."""

import importlib.util

import numpy as np
import pytest
from PIL import Image

from colorgan_tf.errors import InputError
from pipelines.media import formats
from pipelines.stills import still as stills


@pytest.fixture
def scan(tmp_path):
    """A PDF of two pages, each of one grey picture."""
    pages = [Image.fromarray(np.full((300, 200 + 50 * number), 60 + 100 * number, np.uint8)) for number in range(2)]
    pages[0].save(tmp_path / "scan.pdf", save_all=True, append_images=pages[1:], resolution=150)
    return tmp_path / "scan.pdf"


def test_without_the_library_there_is_advice(scan, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pypdfium2" else find_spec(name))
    with pytest.raises(InputError, match="scan.pdf, which is not supported: a PDF: `pip install pypdfium2` makes it"):
        stills.read(scan)


def test_pages_are_read_at_the_resolution_of_their_scans(scan):
    pytest.importorskip("pypdfium2")
    with formats.open_header(scan) as image:
        found = list(stills.decode_pages(image, "scan.pdf"))
    assert [each.values.shape[:2] for each in found] == [(300, 200), (300, 250)]
    assert [round(float(each.luma.mean() * 255)) for each in found] == [60, 160]
    first = stills.read(scan)
    assert first.pages == 2 and first.result_format == "PNG" and np.array_equal(first.values, found[0].values)


def test_a_damaged_pdf_is_said_to_be_damaged(tmp_path):
    pytest.importorskip("pypdfium2")
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7\n" + bytes(500))
    with pytest.raises(InputError, match="scan.pdf, which is damaged"):
        stills.read(tmp_path / "scan.pdf")
