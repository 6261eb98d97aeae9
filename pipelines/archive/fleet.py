"""The actors of a cluster: as many on each machine as fit, gone when it is gone, there when it comes back."""

import collections
import dataclasses
import time
from typing import Any

from colorgan_tf.errors import InputError
from pipelines.archive.worker import Settings, Worker

_LOOKED_EVERY = 2.0  # seconds
_STARTS = 3  # of actors that are lost before their model is loaded, until a machine counts as unfit


@dataclasses.dataclass(frozen=True)
class Needs:
    """What an actor takes of its machine.

    Attributes:
        cpus: cores.
        gpus: graphics cards; None for one where the machine has any.
        memory: bytes.
        actors: at most so many on all machines; None for all that fit.
    """

    cpus: float = 2
    gpus: float | None = None
    memory: int = 1_500_000_000
    actors: int | None = None

    def on(self, resources: dict[str, float]) -> tuple[int, dict[str, Any]]:
        """Returns how many actors a machine holds, and what each asks for."""
        gpus = self.gpus if self.gpus is not None else float(resources.get("GPU", 0) >= 1)
        cpus = min(self.cpus, resources.get("CPU", 0))
        asked = {"CPU": cpus, "GPU": gpus, "memory": self.memory}
        rooms = [resources.get(name, 0) / amount for name, amount in asked.items() if amount]
        count = int(min(rooms) + 1e-6) if cpus else 0
        return count, {"num_cpus": cpus, "num_gpus": gpus, "memory": self.memory}


@dataclasses.dataclass
class Actor:
    """One actor.

    Attributes:
        handle: Ray's.
        node: the machine's number in Ray.
        machine: its name.
        starting: Ray's reference to the loading of its model; None when that is done.
    """

    handle: Any
    node: str
    machine: str
    starting: Any


@dataclasses.dataclass(frozen=True)
class Limit:
    """How many actors a machine holds that cannot hold as many as its resources say, and why."""

    machine: str
    actors: int
    reason: str


class Fleet:
    """Starts actors on every machine of the cluster, and looks for new and lost machines now and then.

    Attributes:
        actors: those that are there.
        most: of `actors`, at any time.
        most_machines: that had actors at any time.

    Raises:
        InputError: no machine has room for an actor.
    """

    def __init__(self, settings: Settings, needs: Needs):
        import ray

        self._ray = ray
        self._settings, self._needs = settings, needs
        self._class = ray.remote(Worker)
        self._looked = 0.0
        self._lost_starts: collections.Counter[str] = collections.Counter()
        self._limits: dict[str, Limit] = {}
        self._said: dict[str, str] = {}
        self.actors: list[Actor] = []
        self.most = self.most_machines = 0
        self.adjust()
        if not self.actors:
            names = ("CPU", "GPU", "memory")
            nodes = [{name: node["Resources"].get(name, 0) for name in names} for node in self._alive()]
            raise InputError(f"A machine must have room for an actor ({needs}). Received: {nodes}.")

    def adjust(self) -> None:
        """Starts actors where there is room, and forgets those of machines that are gone."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        if time.monotonic() - self._looked < _LOOKED_EVERY:
            return
        nodes = self._alive()
        for actor in [actor for actor in self.actors if all(actor.node != node["NodeID"] for node in nodes)]:
            self.drop(actor)  # before it is given a task, which would count as failed
        self._looked = time.monotonic()
        for node in nodes:
            count, asked = self._needs.on(node["Resources"])
            count = min(count, self._limits[node["NodeID"]].actors) if node["NodeID"] in self._limits else count
            have = sum(actor.node == node["NodeID"] for actor in self.actors)
            for _ in range(count - have):
                if self._needs.actors is not None and len(self.actors) >= self._needs.actors:
                    break
                affinity = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                cores = max(1, int(asked["num_cpus"]))
                settings = dataclasses.replace(self._settings, threads=cores, gpus=asked["num_gpus"])
                handle = self._class.options(scheduling_strategy=affinity, **asked).remote(settings)
                starting = handle.load.options(name="load the model").remote()
                self.actors.append(Actor(handle, node["NodeID"], node["NodeManagerHostname"], starting))
        self.most = max(self.most, len(self.actors))
        self.most_machines = max(self.most_machines, len({actor.node for actor in self.actors}))

    def starting(self) -> list[Any]:
        """Returns the references of actors that load their model."""
        return [actor.starting for actor in self.actors if actor.starting is not None]

    def started(self, reference: Any) -> None:
        """Takes what the start of an actor came to.

        Raises:
            InputError: no machine is fit.
        """
        actor = next(each for each in self.actors if each.starting == reference)
        try:
            if said := self._ray.get(reference):
                self._said[actor.node] = f"{actor.machine}: {said}"
            actor.starting = None
            self._lost_starts[actor.node] = 0
        except self._ray.exceptions.RayTaskError as error:
            self._leave_out(actor, " ".join(str(error.cause).split()))
        except self._ray.exceptions.RayError as error:  # lost; where its machine is still there, another is started
            self._lost_starts[actor.node] += 1
            if self._lost_starts[actor.node] < _STARTS:
                self.drop(actor)
            else:
                reason = f"an actor was lost {_STARTS} times while it started, {type(error).__name__}"
                self._leave_out(actor, f"A machine must hold the model. Received: {actor.machine}: {reason}.")

    @property
    def notes(self) -> list[str]:
        """Machines that took no part, or a smaller one than their size or cards allow, and why; one line each."""
        return [*self._said.values(), *(f"{limit.machine}: {limit.reason}" for limit in self._limits.values())]

    def _leave_out(self, actor: Actor, reason: str) -> None:
        """Starts no more actors on a machine: one that does not fit must not end the work of the others."""
        self.drop(actor)
        works = sum(each.node == actor.node and each.starting is None for each in self.actors)
        self._limits[actor.node] = Limit(actor.machine, works, reason)
        if not self.actors:
            raise InputError(reason)

    def drop(self, actor: Actor) -> None:
        """Forgets an actor that is lost; others may be lost with it, so that `adjust` looks at once."""
        if actor in self.actors:
            self.actors.remove(actor)
            self._ray.kill(actor.handle)
            self._looked = 0.0

    def close(self) -> None:
        """Ends all actors."""
        for actor in list(self.actors):
            self.drop(actor)

    def _alive(self) -> list[dict[str, Any]]:
        return [node for node in self._ray.nodes() if node["Alive"]]
