"""The example page colours a picture in a real Chromium, without a server, as the SavedModel does here."""

import functools
import http.server
import io
import shutil
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright", reason="`make browser` installs it")
pytest.importorskip("tf2onnx", reason="requirements-extras.txt brings it")
sys.path.append(str(Path(__file__).parents[1] / "web"))
import live_site  # noqa: E402

from colorgan_tf.export import onnx  # noqa: E402
from colorgan_tf.inference import model_files  # noqa: E402
from colorgan_tf.inference.colorizer import Colorizer  # noqa: E402

RUNTIME = live_site.AXE.parents[1] / "onnxruntime-web"
PAGE = Path(__file__).parents[2] / "examples" / "colour_in_a_browser.html"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(live_site.browser_path() is None, reason="`make browser` installs Chromium"),
    pytest.mark.skipif(not RUNTIME.is_dir(), reason="`make browser` installs onnxruntime-web"),
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Folder and address of the page with a model and the runtime beside it."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(PAGE, folder / "page.html")
    onnx.export(model_files.SHIPPED, folder, "Apache-2.0")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "onnxruntime-web").symlink_to(RUNTIME)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}/page.html"
    server.shutdown()


@pytest.fixture
def page(site):
    with live_site.browse() as browser:
        page = browser.new_page()
        page.goto(site[1])
        yield page


def said(page, text):
    """Waits for the page to say a text."""
    page.locator("#status", has_text=text).wait_for(timeout=120_000)


def colored(page, grey):
    """Returns what the page makes of a grey picture."""
    data = io.BytesIO()
    Image.fromarray(grey).save(data, "PNG")
    page.set_input_files("#file", {"name": "photo.png", "mimeType": "image/png", "buffer": data.getvalue()})
    said(page, "Done.")
    with page.expect_download() as download:
        page.click("#save")
    return np.asarray(Image.open(download.value.path()).convert("RGB"), int)


def test_a_picture_is_coloured_as_the_saved_model_does(page):
    colorizer = Colorizer.load(model_files.SHIPPED, quality="fast")
    grey = np.asarray(Image.open(PAGE.parent / "bw" / "theater.jpg").convert("L"))
    expected = colorizer.picture(grey[..., None] / np.float32(255)).astype(int)
    assert np.ptp(expected, axis=-1).max() > 20
    assert np.abs(colored(page, grey) - expected).max() <= 2


def test_the_page_has_no_serious_faults(page):
    if not live_site.AXE.is_file():
        pytest.skip("`make browser` installs axe-core")
    assert live_site.serious_faults(page) == []


def test_what_is_no_picture_and_a_missing_model_are_said(page, site):
    page.set_input_files("#file", {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"})
    said(page, "This did not work: ")
    (site[0] / "colorgan.json").rename(site[0] / "away.json")
    page.reload()
    page.set_input_files("#file", {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"})
    said(page, "colorgan.json and colorgan.onnx must lie beside this page")
    (site[0] / "away.json").rename(site[0] / "colorgan.json")
