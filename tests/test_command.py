"""What all commands share: help without TensorFlow, and errors of one line with their exit codes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMANDS = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
    for package in ("colorgan_tf", "pipelines", "serving", "benchmarks")
    for path in (ROOT / package).rglob("*.py")
    if re.search(r"^    command\.run\(main\)", path.read_text().partition('__name__ == "__main__"')[2], re.MULTILINE)
)
# Runs a module as `python -m` does, then says on the last line whether TensorFlow was imported.
PROBE = """
import runpy, sys
sys.argv = [sys.argv[1], *sys.argv[2:]]
try:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
finally:
    print("heavy:", sorted({"tensorflow", "keras", "cv2", "av"} & set(sys.modules)))
"""
PROGRAM = '''
"""Command: a program for this test."""
import sys
from absl import flags
from colorgan_tf import command
from colorgan_tf.errors import InputError, PartialFailure

flags.DEFINE_integer("number", 0, "A number.")
flags.DEFINE_enum("fault", "none", ["none", "input", "part", "stop", "bug"], "What goes wrong.")


def main(argv):
    faults = {
        "input": InputError("`number` must be 1. Received: number=0."),
        "part": PartialFailure("1 of 2 failed"),
        "stop": KeyboardInterrupt(),
        "bug": ZeroDivisionError("a bug"),
    }
    if flags.FLAGS.fault != "none":
        raise faults[flags.FLAGS.fault]
    print(argv[1:], flags.FLAGS.number)


if __name__ == "__main__":
    command.run(main)
'''


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    package = tmp_path_factory.mktemp("program") / "painter"
    package.mkdir()
    (package / "__main__.py").write_text(PROGRAM)
    (package / "brush.py").write_text(PROGRAM)

    def run(module, *arguments):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(package.parent)])}
        command = [sys.executable, "-m", module, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)

    return run


def test_the_commands_are_found():
    assert {"colorgan_tf.train", "colorgan_tf.export", "pipelines.frames", "pipelines.degrade"} <= set(COMMANDS)


@pytest.mark.parametrize("module", COMMANDS)
def test_help_needs_no_tensorflow_and_exits_with_0(module):
    command = [sys.executable, "-c", PROBE, module, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "heavy: []"
    assert "--" in done.stdout


def test_flags_and_positional_arguments_arrive(program):
    done = program("painter", "a", "--number=3", "b")
    assert (done.returncode, done.stdout) == (0, "['a', 'b'] 3\n")


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["--fault=input"], 2, "`number` must be 1. Received: number=0."),
        (["--fault=part"], 1, "1 of 2 failed"),
        (["--fault=stop"], 130, "stopped"),
        (["--number=x"], 2, "flag --number=x: "),
        (["--colour=red"], 2, "Unknown command line flag 'colour'"),
    ],
)
@pytest.mark.parametrize(("module", "name"), [("painter", "painter"), ("painter.brush", "brush")])
def test_faults_of_the_user_are_one_line_under_the_commands_name(program, module, name, arguments, code, line):
    done = program(module, *arguments)
    assert done.returncode == code
    assert done.stderr.startswith(f"{name}: {line}")
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_faults_of_the_program_keep_their_traceback(program):
    done = program("painter", "--fault=bug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "ZeroDivisionError: a bug" in done.stderr
