"""The C library's heaps: counted by itself, in processes of their own."""

import subprocess
import sys

import pytest

from serving.model_server import memory

# Thirty threads at once, each with an allocation of its own; then the C library prints its heaps to stderr.
_PROGRAM = """
import ctypes, sys, threading
from serving.model_server import memory
if sys.argv[1] == "limited":
    memory.limit_heaps()
libc, together = ctypes.CDLL(None), threading.Barrier(30)
def work():
    together.wait()
    libc.free(ctypes.c_void_p(libc.malloc(1000)))
    together.wait()
libc.malloc.restype = ctypes.c_void_p
threads = [threading.Thread(target=work) for _ in range(30)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.malloc_stats()
"""

# 100 MB in pieces, the last of which stays: without a trim all below it stays too.
_HOLES = """
import ctypes
from serving.model_server import memory
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
pieces = [libc.malloc(10000) for _ in range(10000)]
for piece in pieces: ctypes.memset(piece, 1, 10000)
for piece in pieces[:-1]: libc.free(ctypes.c_void_p(piece))
before = resident()
memory.give_back()
print(before - resident())
"""

glibc = pytest.mark.skipif(memory._function("malloc_trim") is None, reason="needs the GNU C library")


def _heaps(which: str, **environment: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, which], capture_output=True, text=True, check=True, env=environment
    )
    return done.stderr.count("Arena ")


@glibc
def test_threads_share_two_heaps():
    assert _heaps("unlimited") > 2
    assert _heaps("limited") == 2


@glibc
def test_the_environments_own_limit_is_obeyed():
    assert _heaps("limited", MALLOC_ARENA_MAX="1") == 1


@glibc
def test_what_is_free_goes_back_to_the_system():
    done = subprocess.run([sys.executable, "-c", _HOLES], capture_output=True, text=True, check=True)
    assert float(done.stdout) > 80


def test_other_c_libraries_are_left_alone(monkeypatch):
    monkeypatch.setattr(memory, "_function", lambda name: None)
    memory.limit_heaps()
    memory.give_back()
