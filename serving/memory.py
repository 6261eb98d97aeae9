"""Keeps a server's memory flat for months: what is freed goes back to the system (glibc; nothing is done elsewhere).

Two things let memory creep up for hours although nothing leaks. The C library gives each thread a heap of its own, up
to eight for each core, and every heap keeps what its busiest moment needed. And TensorFlow with oneDNN keeps a pool of
large tensors that only grows: each time that more batches than ever before are at their widest layer together.
"""

import ctypes
import os

_M_ARENA_MAX = -8  # malloc.h
_HEAPS = 2


def limit() -> None:
    """Lets all threads share two heaps, and TensorFlow do without its pool.

    To be called before threads exist and TensorFlow is imported. The environment's own MALLOC_ARENA_MAX and
    TF_ONEDNN_USE_SYSTEM_ALLOCATOR are obeyed.
    """
    os.environ.setdefault("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "true")
    if "MALLOC_ARENA_MAX" not in os.environ and (mallopt := _function("mallopt")):
        mallopt(_M_ARENA_MAX, _HEAPS)


def give_back() -> None:
    """Gives what is free inside the heaps back to the system: a few milliseconds."""
    if malloc_trim := _function("malloc_trim"):
        malloc_trim(ctypes.c_size_t(0))


def _function(name: str):
    if os.name != "posix":
        return None
    return getattr(ctypes.CDLL(None), name, None)
