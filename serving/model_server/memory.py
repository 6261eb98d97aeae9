"""Keeps a server's memory flat for months: what is freed goes back to the system (glibc; nothing is done elsewhere).

The C library gives each thread a heap of its own, up to eight for each core, and every heap keeps what its busiest
moment needed: memory creeps up for hours although nothing leaks. TensorFlow's pool of large tensors is left as it is.
It only grows too, up to what the threads need that run batches, but without it (TF_ONEDNN_USE_SYSTEM_ALLOCATOR) the
server answered a fifth fewer requests and took no less memory.
"""

import ctypes
import os
from collections.abc import Callable

_M_ARENA_MAX = -8  # malloc.h
_HEAPS = 2


def limit_heaps() -> None:
    """Lets all threads share two heaps. To be called before threads exist; MALLOC_ARENA_MAX, if set, is obeyed."""
    if "MALLOC_ARENA_MAX" not in os.environ and (mallopt := _function("mallopt")):
        mallopt(_M_ARENA_MAX, _HEAPS)


def give_back() -> None:
    """Gives what is free inside the heaps back to the system: a few milliseconds."""
    if malloc_trim := _function("malloc_trim"):
        malloc_trim(ctypes.c_size_t(0))


def _function(name: str) -> Callable[..., object] | None:
    if os.name != "posix":
        return None
    found: Callable[..., object] | None = getattr(ctypes.CDLL(None), name, None)
    return found
