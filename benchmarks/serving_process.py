"""The embedded server in a process of its own, as a person starts it, for the benchmarks."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.serving_requests import MODEL
from colorgan_tf.errors import InputError, PartialFailure

BATCHING = Path(__file__).parent.parent / "serving" / "deploy" / "batching_parameters.txt"


class ServerProcess:
    """`python -m serving.server` on a port of this machine; a context manager ends it."""

    def __init__(self, models: Path, *arguments: str, port: int = 0):
        """Starts it and waits until it listens; the model may still be loading.

        Args:
            models: folder with version folders.
            arguments: further flags.
            port: to listen at; 0 for any free one.

        Raises:
            PartialFailure: it does not start.
        """
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as the process
        command = [sys.executable, "-m", "serving.server", "--host=127.0.0.1", f"--port={port}"]
        command += [f"--model_name={MODEL}", f"--model_base_path={models}", *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True)
        assert self._process.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", self._process.stdout.readline())
        if found is None:
            raise PartialFailure(f"The server must start. It ended with {self._process.wait()}: {self.last_words()}")
        self.port = int(found[1])
        self.address = f"127.0.0.1:{self.port}"

    def __enter__(self) -> "ServerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_until_available(self) -> None:
        """Waits until the model answers.

        Raises:
            InputError: it does not.
        """
        from serving.client import Client

        with Client(self.address, MODEL) as client:
            client.wait_until_available(300.0)

    @property
    def runs(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """Returns the last line of its log."""
        self._log.seek(0)
        return (self._log.read().strip().splitlines() or ["no output"])[-1]

    def memory(self) -> float:
        """Returns its resident memory in MB (10^6 bytes; Linux).

        Raises:
            InputError: there is no such figure on this system.
        """
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        except OSError as error:
            raise InputError("Memory is read from /proc, and the server must be running. Received: neither.") from error
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def processor(self) -> float:
        """Returns the seconds its threads have worked on all cores so far (Linux)."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime, stime: proc(5), 14 and 15

    def kill(self) -> None:
        """Ends it at once, as `kill -9` does."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Asks it to end, as a service manager does; returns its exit code."""
        if self.runs:
            self._process.send_signal(signal.SIGTERM)
        code = self._process.wait()
        self._log.close()
        return code
