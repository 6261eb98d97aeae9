"""Machines that do not fit are left out, and the others do the work."""

import os

import pytest

from colorgan_tf.errors import InputError
from pipelines import cluster
from pipelines.archive import fleet
from pipelines.archive.manifest import Manifest
from pipelines.archive.plan import Item
from pipelines.archive.run import Run
from pipelines.archive.worker import Done, Settings
from pipelines.colorize_file import ColorizeOptions
from tests.archive.test_archive import needs_ray

SETTINGS = Settings(None, None, "fast", 1.0, ColorizeOptions())


def worker(places, dies):
    """Returns the class of an actor that needs one of `places`, file paths, each for one actor; else it ends."""

    class FakeWorker:
        def __init__(self, settings):
            self.machine = "machine"

        def load(self):
            for place in places:
                try:
                    os.close(os.open(place, os.O_CREAT | os.O_EXCL))
                    return
                except FileExistsError:
                    continue
            if dies:
                os._exit(1)
            raise InputError("it does not fit.")

        def stills(self, items):
            return Done(self.machine, 0.0, tuple((item.source, "coloured", "", 0.0) for item in items))

    return FakeWorker


@needs_ray
@pytest.mark.slow
@pytest.mark.parametrize("dies", [True, False])
def test_machine_that_holds_fewer_actors_works_with_those(tmp_path, monkeypatch, dies):
    monkeypatch.setattr(fleet, "Worker", worker([str(tmp_path / "place")], dies))
    monkeypatch.setattr(fleet, "_LOOKED_EVERY", 0.0)
    book = Manifest(str(tmp_path))
    items = [Item(f"/in/{number}.jpg", f"/out/{number}.jpg", 1) for number in range(100)]
    book.begin(items, [])
    with cluster.connected(None):
        actors = fleet.Fleet(SETTINGS, fleet.Needs(cpus=0.5, memory=1, actors=2))
        while not actors.notes:
            actors.adjust()
            (reference,), _ = actors._ray.wait(actors.starting(), num_returns=1)
            actors.started(reference)
        run = Run(items, book, actors, lambda *given: None)
        run.run()
    assert run.counts == {"coloured": 100}
    (line,) = actors.notes
    assert ("lost 3 times while it started" if dies else "it does not fit.") in line


@needs_ray
@pytest.mark.slow
@pytest.mark.parametrize(("dies", "message"), [(True, "A machine must hold the model. Received: "), (False, "not fit")])
def test_without_any_machine_that_fits_the_run_ends(tmp_path, monkeypatch, dies, message):
    monkeypatch.setattr(fleet, "Worker", worker([], dies))
    monkeypatch.setattr(fleet, "_LOOKED_EVERY", 0.0)
    book = Manifest(str(tmp_path))
    item = Item("/in/a.jpg", "/out/a.jpg", 1)
    book.begin([item], [])
    with cluster.connected(None):
        actors = fleet.Fleet(SETTINGS, fleet.Needs(cpus=0.5, memory=1, actors=1))
        with pytest.raises(InputError, match=message):
            Run([item], book, actors, lambda *given: None).run()


@needs_ray
@pytest.mark.slow
def test_actors_of_a_machine_that_is_gone_get_no_task(tmp_path, monkeypatch):
    from ray.cluster_utils import Cluster

    several = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 100_000_000})
    try:
        second = several.add_node(num_cpus=1, object_store_memory=100_000_000)
        monkeypatch.setattr(fleet, "Worker", worker([str(tmp_path / place) for place in "abcdefgh"], dies=True))
        with cluster.connected(several.address):
            actors = fleet.Fleet(SETTINGS, fleet.Needs(cpus=0.25, memory=1))
            assert len(actors.actors) == 8 and actors.most_machines == 2
            several.remove_node(second)
            monkeypatch.setattr(fleet, "_LOOKED_EVERY", 0.0)
            while len(actors.actors) > 4:
                actors.adjust()
            assert {actor.node for actor in actors.actors} == {several.head_node.node_id}
    finally:
        several.shutdown()
