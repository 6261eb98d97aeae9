"""Jobs stand alone: a file is coloured in a process that can import no Flask, Qt or Prometheus, and no front end."""

import subprocess
import sys
from pathlib import Path

import made_uploads

ROOT = Path(__file__).parent.parent.parent
ALONE = """
import sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        refused = ("flask", "werkzeug", "PySide6", "prometheus_client", "cheroot", "serving.web", "serving.desktop")
        if name in refused:
            raise ImportError(f"{name} must not be needed")

sys.meta_path.insert(0, Refusing())
sys.path[:0] = [sys.argv[2], sys.argv[3]]

import threading, time
from pathlib import Path

from made_uploads import FakeBackend
from serving.jobs.limits import Limits, check_upload
from serving.jobs.queue import LONG, QUICK, JobQueue
from serving.jobs.records import FileRecord
from serving.jobs.store import Store
from serving.jobs.workers import InlineWorker

folder = Path(sys.argv[1])
kind = check_upload(folder / "photo.jpg", Limits())
store, finished = Store(folder / "jobs"), []
worker = InlineWorker(FakeBackend)
queue = JobQueue(store, {QUICK: worker, LONG: worker}, Limits(), lambda *values: finished.append(values))
record = FileRecord("one", "somebody", "photo.jpg", kind.kind, kind.suffix, time.time())
store.add(folder / "photo.jpg", record)
queue.start()
queue.submit(record)
seen = 0
while store.get("one").state in ("waiting", "working"):
    seen = queue.events.wait("somebody", seen, 60)
queue.close()
done = store.get("one")
print(done.state, done.size, (store.folder(done) / done.result).exists(), *finished[0][:2])
"""


def test_a_job_runs_without_flask_qt_and_prometheus(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(made_uploads.picture())
    arguments = [sys.executable, "-c", ALONE, str(tmp_path), str(ROOT), str(ROOT / "tests")]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    assert ended.stdout.strip() == "done (80, 64) True picture done", ended.stderr
