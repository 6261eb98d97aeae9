"""The command as a person runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.made_batches import colourful, grey


def command(*arguments):
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-m", "colorgan_tf.colorize", *map(str, arguments)],
        capture_output=True, text=True, env=environment, cwd=root, timeout=300,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    import tensorflow as tf

    class Warm(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, None, None, 1], tf.float32, "luma")])
        def luma_to_chroma(self, luma):
            return {"chroma": tf.concat([luma * -0.2, luma * 0.2], -1)}

    folder, module = tmp_path_factory.mktemp("models"), Warm()
    tf.saved_model.save(module, str(folder / "1"), signatures={"luma_to_chroma": module.luma_to_chroma})
    return folder


def test_command_colours_a_folder_and_lists_what_failed(tmp_path, model):
    grey(tmp_path / "in" / "sub" / "a.jpg"), colourful(tmp_path / "in" / "c.png")
    (tmp_path / "in" / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    arguments = (
        tmp_path / "in",
        f"--model={model}",
        f"--output={tmp_path / 'out'}",
        "--side_by_side",
        "--quality=best",
    )
    code, out, err = command(*arguments)
    assert code == 1, err
    assert "1 coloured, 1 copied, 1 failed" in out
    assert "c.png: already in colour, copied" in out
    assert "1 failed:" in err and "bad.jpg" in err and "Traceback" not in err
    assert Image.open(tmp_path / "out" / "sub" / "a.jpg").size == (60, 20)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Files or folders to colour are expected"),
        (["a.jpg"], "`--output` must name the folder"),
        (["gone.jpg", "--output=out"], "gone.jpg: does not exist"),
        (["{picture}", "--output=out", "--model=gone"], "gone, which does not exist"),
        (["{picture}", "--output=out", "--quality=superb"], "quality"),
    ],
)
def test_command_says_in_one_line_what_is_wrong_and_exits_with_2(tmp_path, arguments, message):
    picture = grey(tmp_path / "a.png")
    code, out, err = command(*(argument.format(picture=picture) for argument in arguments))
    assert (code, out) == (2, "")
    assert message in err and len(err.strip().splitlines()) == 1
