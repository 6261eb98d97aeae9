"""Both commands, with a stand-in network that needs no TensorFlow: `python -m tests.archive.quick archive ...`"""

import importlib
import sys
import time

from colorgan_tf import command
from pipelines.archive import __main__ as archive
from pipelines.archive import fleet, worker
from tests.films.test_film_resume import FlickeringColorizer


class SlowColorizer(FlickeringColorizer):
    """Takes its time, so that a test can kill it meanwhile."""

    def network(self, luma):
        time.sleep(0.1 * len(luma))
        return super().network(luma)


class QuickWorker(worker.Worker):
    """An actor with the stand-in."""

    def load(self):
        worker.colorizer = lambda *given: SlowColorizer()
        return super().load()


def main():
    program = sys.argv.pop(1)
    if program == "archive":
        fleet.Worker = QuickWorker
        archive.define_flags()
        command.run(archive.main)
    else:
        colorize = importlib.import_module("colorgan_tf.colorize")  # the package has a function of this name
        colorize.colorizer = lambda *given: FlickeringColorizer()
        colorize.define_flags()
        command.run(colorize.main)


if __name__ == "__main__":
    from tests.archive import quick  # its classes are found by this name in the actors

    quick.main()
