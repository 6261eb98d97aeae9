"""Makes the executable's folder small, while it is built: leaves out, strips, and puts stand-ins for what never runs.

Used by `desktop.spec` alone. A TOC is PyInstaller's list of (name in the folder, path, kind).
"""

import dataclasses
import re
import shutil
import subprocess
from pathlib import Path

Entry = tuple[str, str, str]

# By names in the folder: plugins and accelerators for other purposes, and the GTK theme, which draws in all of GTK;
# the desktop portal tells light from dark as well.
_NEEDLESS = re.compile(
    r"libLiteRtWebGpuAccelerator|libLiteRt\.so|libqgtk3|libgtk-3|libgdk-3|libgdk_pixbuf|libepoxy|libpango|libcairo|libatk"
    r"|libqeglfs|egldeviceintegrations|libqlinuxfb|libqvnc|libqvkkhrdisplay|libqminimal|plugins/generic/"
    r"|libQt6(Qml|Quick|Network|Pdf|EglFS|OpenGLWidgets)|/translations/|_avif|libavif|libqtiff|libqtga|libqicns|libqwbmp"
)
# What was built with its debugging symbols in it. Libraries that auditwheel patched must not be stripped: the loader
# then refuses them ("ELF load command address/offset not page-aligned").
_STRIPPED = re.compile(r"^av/|^libpython|^ai_edge_litert/|^python3.*/lib-dynload/|^lib-dynload/")
# Libraries that are linked with and never used, 94 MB, and who is linked with them. OpenCV's own FFmpeg and linear
# algebra: films are read with PyAV, and nothing here solves equations with cv2. ICU's tables of all languages: Qt then
# sorts by code points and has its own tables for the rest.
_STAND_INS = (
    (
        re.compile(r"^opencv_python_headless\.libs/lib(avcodec|avformat|avutil|swscale|openblas)-"),
        re.compile(r"^cv2/cv2\."),
    ),
    (re.compile(r"/libicudata\.so"), re.compile(r"/libicuuc\.so")),
)
_ONLY_FOR_THEM = re.compile(
    r"^opencv_python_headless\.libs/(libvpx|libcrypto|libssl|libgfortran|libquadmath|libswresample)-"
)


def slim(binaries: list[Entry], folder: Path) -> list[Entry]:
    """Returns the binaries that the program needs.

    Args:
        binaries: all that PyInstaller found.
        folder: for the smaller copies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept = [entry for entry in binaries if not _NEEDLESS.search(entry[0])]
    if shutil.which("strip"):
        kept = [_stripped(entry, folder) if _STRIPPED.search(entry[0]) else entry for entry in kept]
    if shutil.which("cc"):
        kept = [entry for entry in kept if not _ONLY_FOR_THEM.search(entry[0])]
        for unused, user in _STAND_INS:
            users = [path for name, path, _ in kept if user.search(name)]
            kept = [_stand_in(entry, users, folder) if unused.search(entry[0]) else entry for entry in kept]
    return kept


def _stripped(entry: Entry, folder: Path) -> Entry:
    name, path, kind = entry
    copy = folder / name.replace("/", "_")
    shutil.copyfile(path, copy)
    done = subprocess.run(["strip", "--strip-unneeded", str(copy)], capture_output=True, check=False)
    return (name, str(copy), kind) if done.returncode == 0 else entry


@dataclasses.dataclass(frozen=True)
class _Symbol:
    """A dynamic symbol.

    Attributes:
        name: without the version.
        version: may be empty.
        kind: nm's letter: T for functions, D, R and B for data, U where it is looked for elsewhere.
    """

    name: str
    version: str
    kind: str


def _stand_in(entry: Entry, users: list[str], folder: Path) -> Entry:
    """Makes a library with all the functions that others ask of the true one; each of them ends the process.

    Args:
        entry: the true library.
        users: paths of what is linked with it.
        folder: for the new one.
    """
    name, path, kind = entry
    asked = {symbol.name: symbol.version for user in users for symbol in _symbols(user, "--undefined-only")}
    given = [symbol for symbol in _symbols(path, "--defined-only") if symbol.name in asked]
    source, script, made = (folder / f"{Path(name).name}{ending}" for ending in (".c", ".map", ""))
    lines = ["#include <stdlib.h>"]
    for symbol in given:
        lines.append(
            f"const char {symbol.name}[64];" if symbol.kind in "RDB" else f"void {symbol.name}(void) {{ abort(); }}"
        )
    source.write_text("\n".join(lines) + "\n")
    versions = sorted({asked[symbol.name] for symbol in given} - {""})
    script.write_text("".join(f"{version} {{ global: *; }};\n" for version in versions) or "{ global: *; };\n")
    command = ["cc", "-shared", "-fPIC", "-w", "-fno-builtin", "-o", str(made), str(source)]
    command += [f"-Wl,-soname,{Path(name).name}", f"-Wl,--version-script,{script}"]
    subprocess.run(command, check=True)
    return name, str(made), kind


def _symbols(path: str, which: str) -> list[_Symbol]:
    rows = subprocess.run(["nm", "-D", which, path], capture_output=True, text=True, check=True).stdout.splitlines()
    found = []
    for row in rows:
        *_, letter, name = row.split()
        name, _, version = name.replace("@@", "@").partition("@")
        found.append(_Symbol(name, version, letter))
    return found
