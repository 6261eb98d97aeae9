"""What is kept of files across restarts, and across versions."""

import json
import sqlite3

from serving.jobs.records import FileRecord, Hint, JobSettings
from serving.jobs.store import Store


def test_a_folder_of_an_earlier_version_is_read(tmp_path):
    record = FileRecord("one", "somebody", "a.jpg", "picture", ".jpg", 1.0, settings=JobSettings(strength=1.5))
    values = json.loads(record.to_json())
    values["visitor"], values["wishes"] = values.pop("user"), values.pop("settings")
    values["wishes"]["hints"] = [{"x": 0.5, "y": 0.5, "rgb": [1, 2, 3], "reach": 1.0, "frame": 0}]
    with sqlite3.connect(tmp_path / "site.sqlite") as database:
        database.executescript(
            "CREATE TABLE files (id TEXT PRIMARY KEY, visitor TEXT NOT NULL, touched REAL NOT NULL, "
            "bytes INTEGER NOT NULL, record TEXT NOT NULL); CREATE INDEX of_visitor ON files (visitor);"
        )
        database.execute("INSERT INTO files VALUES ('one', 'somebody', 1, 2, ?)", (json.dumps(values),))
    database.close()
    for _ in range(2):  # once changed, and once as it is then
        store = Store(tmp_path)
        [found] = store.all_of("somebody")
        assert found.settings == JobSettings(strength=1.5, hints=(Hint(0.5, 0.5, (1, 2, 3)),))
        assert store.usage("somebody").files == 1 and store.all_of("nobody") == []
        store.close()
