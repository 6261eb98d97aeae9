"""Which tf.distribute strategy a run uses, and in which precision, and why."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import tensorflow as tf

from colorgan_tf.config import Precision, Strategy
from colorgan_tf.errors import InputError


def choose(name: str, devices: Sequence[str] = ()) -> tuple[tf.distribute.Strategy, str]:
    """Returns a strategy and one sentence on why it was chosen.

    Args:
        name: a `Strategy`.
        devices: for "mirrored": names such as "CPU:0"; all GPUs (or logical CPUs) when empty.

    Raises:
        InputError: if the strategy needs what is not there.
    """
    # Collective operations must be set up before TensorFlow is asked for its devices.
    if name == Strategy.AUTO and len(_workers()) > 1:
        name, why = Strategy.MULTIWORKER, f"TF_CONFIG names {len(_workers())} workers"
    elif name == Strategy.AUTO:
        gpus = tf.config.list_logical_devices("GPU")
        if os.environ.get("TPU_NAME") or tf.config.list_logical_devices("TPU"):
            name, why = Strategy.TPU, "a TPU is named by the environment"
        elif len(gpus) > 1:
            name, why = Strategy.MIRRORED, f"{len(gpus)} GPUs were found"
        else:
            name, why = Strategy.ONE, "one GPU was found" if gpus else "no accelerator was found"
    else:
        why = "asked for"
    builders: dict[str, Callable[[], tf.distribute.Strategy]] = {
        Strategy.ONE: _one,
        Strategy.MIRRORED: lambda: _mirrored(devices),
        Strategy.MULTIWORKER: _multiworker,
        Strategy.TPU: _tpu,
    }
    if name not in builders:
        raise InputError(f"`strategy` must be auto, {', '.join(builders)}. Received: strategy={name}.")
    return builders[name](), f"strategy {name}: {why}"


def precision_policy(name: str) -> tuple[str, str]:
    """Returns a Keras dtype policy and one sentence on why it was chosen.

    Args:
        name: a `Precision`. "auto" takes mixed_bfloat16 where the hardware computes in it: convolutions of the U-Net
            then take about half the time on such a CPU.
    """
    if name != Precision.AUTO:
        return str(name), f"precision {name}: asked for"
    if tf.config.list_logical_devices("TPU"):
        return "mixed_bfloat16", "precision mixed_bfloat16: a TPU computes in it"
    for gpu in tf.config.list_physical_devices("GPU"):
        capability = tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0))
        if capability < (8, 0):
            return "float32", "precision float32: this GPU does not compute in bfloat16"
        return "mixed_bfloat16", "precision mixed_bfloat16: the GPU computes in it"
    if _cpu_has("avx512_bf16"):
        return "mixed_bfloat16", "precision mixed_bfloat16: the processor has AVX512-BF16"
    return "float32", "precision float32: the processor does not compute in bfloat16"


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether this process is the one that writes logs, checkpoints and exports."""
    resolver = strategy.cluster_resolver
    if resolver is None or not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return True
    return resolver.task_type in (None, "chief") or (resolver.task_type == "worker" and resolver.task_id == 0)


def any_worker(strategy: tf.distribute.Strategy) -> Callable[[bool], bool]:
    """Returns a function that tells whether any worker called it with True; all workers must call it equally often."""
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return bool

    @tf.function
    def count(flag: tf.Tensor) -> tf.Tensor:
        return strategy.reduce("SUM", strategy.run(tf.identity, args=(flag,)), axis=None)

    return lambda flag: bool(count(tf.constant(float(flag))) > 0)


def _one() -> tf.distribute.Strategy:
    device = "GPU:0" if tf.config.list_logical_devices("GPU") else "CPU:0"
    return tf.distribute.OneDeviceStrategy(f"/{device}")


def _mirrored(devices: Sequence[str]) -> tf.distribute.Strategy:
    gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
    chosen = list(devices) or gpus or [device.name for device in tf.config.list_logical_devices("CPU")]
    on_cpu = any("CPU" in device for device in chosen)
    # Without this, a mirrored run on CPU devices fails with a placeholder error.
    operations = tf.distribute.ReductionToOneDevice() if on_cpu else None
    return tf.distribute.MirroredStrategy(chosen, cross_device_ops=operations)


def _multiworker() -> tf.distribute.Strategy:
    if not _workers():
        raise InputError("`strategy=multiworker` needs TF_CONFIG to name the workers. Received: none.")
    return tf.distribute.MultiWorkerMirroredStrategy()


def _tpu() -> tf.distribute.Strategy:
    """Written as TensorFlow documents it; not tested for want of a TPU."""
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=os.environ.get("TPU_NAME", ""))
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, tf.errors.OpError) as error:
        first_line = str(error).splitlines()[0]
        raise InputError(f"`strategy=tpu` needs a TPU (TPU_NAME names it). Received: {first_line}") from error
    return tf.distribute.TPUStrategy(resolver)


def _workers() -> list[str]:
    text = os.environ.get("TF_CONFIG") or "{}"
    try:
        cluster = json.loads(text).get("cluster", {})
        return [*cluster.get("chief", []), *cluster.get("worker", [])]
    except (ValueError, AttributeError, TypeError) as error:
        raise InputError(f"TF_CONFIG must be JSON that names a cluster. Received: {text}") from error


def _cpu_has(flag: str) -> bool:
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.exists() and flag in cpuinfo.read_text().split()
