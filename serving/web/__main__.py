"""Command: the website.

python -m serving.web --port=8080 [--model=FOLDER] [--server=localhost:8500]
"""

from typing import TYPE_CHECKING

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError

if TYPE_CHECKING:  # imported late, for a fast --help
    from serving.web.settings import Settings


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string("host", "127.0.0.1", "Address to listen at; 0.0.0.0 lets other machines in.")
    flags.DEFINE_integer("port", 8080, "Port to listen at.", lower_bound=0, upper_bound=65535)
    flags.DEFINE_string(
        "model",
        None,
        "What colours: a SavedModel folder, a .tflite or .onnx file or a training run. Default: the shipped model.",
    )
    flags.DEFINE_string("server", None, "host:port of a TensorFlow Serving to colour with, in place of --model.")
    flags.DEFINE_string("data", "out/web", "Folder of users' files; kept across restarts.")
    flags.DEFINE_float("days", 7.0, "Files are removed that long after they were last worked on.", lower_bound=0.01)
    flags.DEFINE_integer("upload_megabytes", 512, "Largest file.", lower_bound=1)
    flags.DEFINE_float("film_minutes", 15.0, "Longest film.", lower_bound=0.1)
    flags.DEFINE_bool("https", False, "Users come by HTTPS, through a proxy: send cookies by HTTPS only.")
    flags.DEFINE_string("proxy", None, "Address of the proxy in front of the website, which knows users' addresses.")
    flags.DEFINE_list("hosts", [], "Host names under which the site answers; empty for any.")


def settings() -> "Settings":
    """Returns what the flags ask for.

    Raises:
        InputError: there is no such model.
    """
    from pathlib import Path

    from colorgan_tf.inference import model_files
    from serving.jobs.limits import MEGA
    from serving.web.settings import Settings, SiteLimits

    values = flags.FLAGS
    if values.model and values.server:
        raise InputError("`--model` and `--server` must not be given together. Received: both.")
    model = Path(values.model) if values.model else model_files.default_path()
    if not values.server and not model.exists():
        hint = "" if values.model else " There is no model with this copy yet: give one with --model or --server."
        raise InputError(f"The model must be {model_files.EXPECTED}. Received: {model}, which does not exist.{hint}")
    limits = SiteLimits(
        age_days=values.days, upload_bytes=values.upload_megabytes * MEGA, film_seconds=60 * values.film_minutes
    )
    samples = Path(__file__).parent.parent.parent / "examples" / "bw"
    return Settings(
        data=Path(values.data).resolve(),
        model=None if values.server else model.resolve(),
        server=values.server,
        samples=samples,
        limits=limits,
        https=values.https,
        proxy=values.proxy,
        hosts=tuple(values.hosts),
    )


def main(argv: list[str]) -> None:
    """Runs the website until SIGTERM or Ctrl-C."""
    if argv[1:]:
        raise InputError(f"The website takes flags only. Received: {' '.join(argv[1:])}.")
    chosen = settings()
    from serving.web import server

    server.run(chosen, flags.FLAGS.host, flags.FLAGS.port)


if __name__ == "__main__":
    define_flags()
    command.run(main)
