"""Keeps a server's memory flat for months: what is freed goes back to the system (glibc; nothing is done elsewhere).

The C library gives each thread a heap of its own, up to eight for each core, and every heap keeps what its busiest
moment needed. With batches of all sizes on the threads of TensorFlow, of gRPC and of our own those moments come one
after the other for hours, and memory creeps up although nothing leaks.
"""

import ctypes
import os

_M_ARENA_MAX = -8  # malloc.h
_ARENAS = 2


def limit_heaps() -> None:
    """Lets all threads share two heaps. To be called before threads exist; MALLOC_ARENA_MAX, if set, is obeyed."""
    if "MALLOC_ARENA_MAX" not in os.environ and (mallopt := _function("mallopt")):
        mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Gives what is free inside the heaps back to the system: a few milliseconds."""
    if malloc_trim := _function("malloc_trim"):
        malloc_trim(ctypes.c_size_t(0))


def _function(name: str):
    if os.name != "posix":
        return None
    return getattr(ctypes.CDLL(None), name, None)
