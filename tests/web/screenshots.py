"""Command: takes pictures of the website, at desktop and phone size, in light and dark.

python tests/web/screenshots.py [--model=FOLDER] [--output=build/screenshots]
"""

import sys
import tempfile
from pathlib import Path

from absl import flags

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
from colorgan_tf import command  # noqa: E402
from colorgan_tf.errors import InputError  # noqa: E402

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "serving" / "web" / "static" / "example.jpg"
SAMPLES = Path(__file__).resolve().parent.parent.parent / "examples" / "bw"
DESKTOP = {"viewport": {"width": 1280, "height": 860}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string("model", None, "What colours. Default: the model that came with this.")
    flags.DEFINE_string("output", "build/screenshots", "Folder of the pictures.")
    flags.DEFINE_bool("example", False, f"Make the start page's example anew, {EXAMPLE.name}.")


def take(model: Path, output: Path) -> list[Path]:
    """Takes all pictures and returns where they are."""
    import live_site

    from serving.web.settings import Settings

    output.mkdir(parents=True, exist_ok=True)
    taken: list[Path] = []
    with tempfile.TemporaryDirectory(prefix="screenshots.") as folder, live_site.browse() as browser:
        settings = Settings(data=Path(folder), model=model, samples=SAMPLES)
        with live_site.serve(settings) as address:
            for name, size, scheme in (("desktop", DESKTOP, "light"), ("phone", PHONE, "dark")):
                context = browser.new_context(base_url=address, color_scheme=scheme, **size)
                page = context.new_page()
                for what in _tour(page):
                    taken.append(output / f"{name}-{what}.png")
                    page.screenshot(path=taken[-1])
                context.close()
    return taken


def make_example(model: Path) -> None:
    """Colours the start page's example: the left half of it as it was, the right half in colour."""
    from PIL import Image

    import colorgan_tf

    source = SAMPLES / "fish_market.jpg"
    with tempfile.TemporaryDirectory(prefix="example.") as folder:
        coloured = Image.open(colorgan_tf.colorize(source, folder, model=model)).convert("RGB")
    example = Image.open(source).convert("RGB")
    middle = example.width // 2
    example.paste(coloured.crop((middle, 0, *coloured.size)), (middle, 0))
    example.paste("white", (middle - 2, 0, middle + 2, example.height))
    example.thumbnail((480, 480))
    example.save(EXAMPLE, quality=80, optimize=True)


def _tour(page):
    """Goes through the website as a user, and yields the name of what is on the screen."""
    page.goto("/")
    page.wait_for_timeout(400)
    yield "start"
    page.click("[data-sample=fish_market]")
    page.wait_for_url("**/files/*", timeout=120_000)
    page.wait_for_function(
        "() => document.getElementById('still').complete && document.getElementById('still').naturalWidth"
    )
    page.wait_for_timeout(400)
    yield "result"
    page.click("#hints summary")
    page.wait_for_timeout(300)
    box = page.locator("#canvas").bounding_box()
    page.locator("#canvas").click(position={"x": 0.34 * box["width"], "y": 0.62 * box["height"]})  # the car
    page.locator("#likely button").first.wait_for()
    page.locator("#likely button").nth(3).click()
    page.wait_for_timeout(2500)
    if page.viewport_size["width"] > 820:
        page.evaluate("window.scrollTo(0, 0)")
    yield "hints"
    page.goto("/gallery")
    page.wait_for_timeout(400)
    yield "gallery"


def main(argv: list[str]) -> None:
    """Takes the pictures."""
    import live_site

    from colorgan_tf.inference import model_files

    if argv[1:]:
        raise InputError(f"Flags only are expected. Received: {' '.join(argv[1:])}.")
    model = Path(flags.FLAGS.model or model_files.default_path())
    if not model.exists():
        raise InputError(f"The model must exist. Received: {model}.")
    if live_site.browser_path() is None:
        raise InputError("A Chromium must be installed; `make browser` does it. Received: none.")
    if flags.FLAGS.example:
        make_example(model.resolve())
    for path in take(model.resolve(), Path(flags.FLAGS.output)):
        print(path)


if __name__ == "__main__":
    define_flags()
    command.run(main)
