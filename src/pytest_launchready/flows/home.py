"""The folder where a run keeps what must outlive it: `.launchready`, never for a repository."""

from __future__ import annotations

import contextlib
from pathlib import Path

FOLDER = ".launchready"


def make_folder(folder: Path) -> None:
    """Makes a folder, and keeps all that is in `.launchready` out of git: the key there opens accounts."""
    folder.mkdir(parents=True, exist_ok=True)
    home = next((path for path in (folder, *folder.parents) if path.name == FOLDER), None)
    if home is not None and not (home / ".gitignore").exists():
        with contextlib.suppress(OSError):
            (home / ".gitignore").write_text("# Made by pytest-launchready.\n*\n", encoding="utf-8")


def folder_above(path: Path) -> Path:
    """The `.launchready` folder beside a path, or beside the nearest folder above it that has one."""
    here = path.resolve()
    return next((base / FOLDER for base in (here, *here.parents) if (base / FOLDER).is_dir()), here / FOLDER)
