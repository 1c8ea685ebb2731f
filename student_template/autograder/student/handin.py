"""Pack what is handed in."""

from __future__ import annotations

import zipfile
from pathlib import Path

WRITTEN = ("written", "derivation")
READABLE = (".md", ".txt", ".pdf", ".png", ".jpg", ".jpeg")


def write_zip(root: Path, package: str, name: str) -> tuple[Path, int, int]:
    """Write NAME.zip with the package's Python files and what stands beside it in writing.

    ->   its path, how many Python files are in it, and how many of written work
    """
    target = root / f"{name}.zip"
    files = sorted(
        path
        for path in (root / package).rglob("*.py")
        if path.is_file() and "__pycache__" not in path.parts
    )
    written = written_work(root)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (*files, *written):
            archive.write(path, path.relative_to(root).as_posix())
    return target, len(files), len(written)


def written_work(root: Path) -> list[Path]:
    """Texts, PDF files and pictures called `written…` or `derivation…`, or in such a folder."""
    named = [path for path in root.iterdir() if path.name.casefold().startswith(WRITTEN)]
    inside = [path for folder in named if folder.is_dir() for path in folder.rglob("*")]
    return sorted(
        path for path in (*named, *inside) if path.is_file() and path.suffix.casefold() in READABLE
    )
