"""A Google Cloud Storage emulator on loopback, for this process and for commands that it starts."""

import contextlib
import socket
import types
import uuid

import pytest


@contextlib.contextmanager
def running(monkeypatch):
    """Yields its bucket: `url`, and `sent`, the bytes of files that were read."""
    emulator = pytest.importorskip("gcp_storage_emulator.server", reason="gcp-storage-emulator is not installed")
    # It would ask by gRPC, which the emulator has not, of which kind the bucket is. Read when it is imported.
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    gcsfs = pytest.importorskip("gcsfs", reason="gcsfs is not installed")
    from fsspec.config import conf

    bucket = types.SimpleNamespace(url=f"gs://{uuid.uuid4().hex}", sent=0)
    write = emulator.Response.write_file

    def count(response, content, **more):
        bucket.sent += len(content)
        write(response, content, **more)

    monkeypatch.setattr(emulator.Response, "write_file", count)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("FSSPEC_GS_TOKEN", "anon")  # for commands: it is read when fsspec is imported
    monkeypatch.setitem(conf, "gs", {"token": "anon"})
    gcsfs.GCSFileSystem.clear_instance_cache()
    with emulator.create_server("127.0.0.1", port, in_memory=True, default_bucket=bucket.url.removeprefix("gs://")):
        yield bucket
    gcsfs.GCSFileSystem.clear_instance_cache()
