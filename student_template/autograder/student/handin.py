"""Pack what is handed in."""

from __future__ import annotations

import zipfile
from pathlib import Path


def write_zip(root: Path, package: str, name: str) -> tuple[Path, int]:
    """Write NAME.zip with the package's Python files; the path and how many files are in it."""
    target = root / f"{name}.zip"
    files = sorted(
        path
        for path in (root / package).rglob("*.py")
        if path.is_file() and "__pycache__" not in path.parts
    )
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(root).as_posix())
    return target, len(files)
