"""What a person reads of an archive: how far it is, what it will take, what failed, who did what."""

import dataclasses
import json
import time
from collections.abc import Sequence

from pipelines.archive.manifest import WAITING, Count, Manifest

_SHOWN = 20  # failures


def status(manifest: Manifest) -> str:
    """Returns how far an archive is, as a few lines."""
    counts = manifest.counts()
    lines = []
    for film in (False, True):
        states = {count.state: count for count in counts if count.film == film}
        if not states:
            continue
        total = sum(count.files for count in states.values())
        words = ", ".join(f"{count.files} {state}" for state, count in sorted(states.items()) if state != WAITING)
        waiting = states[WAITING].files if WAITING in states else 0
        line = f"{'films' if film else 'stills'}: {total - waiting} of {total}{f' ({words})' if words else ''}"
        if film:
            minutes = [sum(getattr(count, name) for count in counts) / 60 for name in ("finished", "length")]
            line += f", {minutes[0]:.1f} of {minutes[1]:.1f} minutes of the films opened so far"
        lines.append(line)
    size, left = sum(count.size for count in counts), _left(counts)
    work = sum(count.work for count in counts) / 3600
    lines.append(f"bytes: {_bytes(size - left)} of {_bytes(size)}, {work:.2f} hours of work")
    lines += [f"machine {name}: {files} files, {work / 3600:.2f} hours" for name, files, work in manifest.machines()]
    failed = list(manifest.failed())
    lines += [f"failed: {note}" for _, note in failed[:_SHOWN]]
    if len(failed) > _SHOWN:
        lines.append(f"and {len(failed) - _SHOWN} more in failed.jsonl")
    runs = manifest.runs()
    if runs and runs[-1]["ended"] is None:
        running = manifest.running()
        lasted = (time.time() if running else runs[-1]["seen"]) - runs[-1]["began"]
        done = manifest.size_since(runs[-1]["began"]) + _in_work(counts)
        rest = f"about {left / done * lasted / 3600:.1f} hours left" if done else "time left not known yet"
        word, more = ("running for", "") if running else ("broken off after", "; the same command goes on")
        lines.append(f"{word} {lasted / 3600:.2f} hours, {rest}{more}")
    elif runs:
        hours = sum((run["ended"] or run["seen"]) - run["began"] for run in runs) / 3600
        lines.append(f"{len(runs)} run{'s' if len(runs) > 1 else ''}, {hours:.2f} hours in all")
    return "\n".join(lines)


def to_json(manifest: Manifest) -> str:
    """Returns the figures of an archive as JSON: by kind and state, by machine, by run, and the failures."""
    figures = {
        "counts": [dataclasses.asdict(count) for count in manifest.counts()],
        "machines": [dict(zip(("name", "files", "work"), row, strict=True)) for row in manifest.machines()],
        "runs": manifest.runs(),
        "failed": [dict(zip(("file", "error"), row, strict=True)) for row in manifest.failed()],
    }
    return json.dumps(figures, indent=1) + "\n"


def _in_work(counts: Sequence[Count]) -> float:
    """Bytes of waiting films that are done, by their share of the seconds."""
    waiting = [count for count in counts if count.state == WAITING and count.film and count.length]
    return sum(count.size * count.finished / count.length for count in waiting)


def _left(counts: Sequence[Count]) -> float:
    return sum(count.size for count in counts if count.state == WAITING) - _in_work(counts)


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
