"""`nbgrader collect` that takes no links: they would be followed with the instructor's rights."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbgrader.exchange.default.collect import ExchangeCollect
from nbgrader.utils import ignore_patterns


class CollectWithoutLinks(ExchangeCollect):
    """Leaves out links, pipes and devices, and what nbgrader itself leaves out."""

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:  # noqa: ARG002
        """Copy one submission."""
        most = 1000 * self.coursedir.max_dir_size
        if self.get_size(src) > most:
            raise RuntimeError(f"{src} has more than {most} bytes: it is not collected.")
        usual = ignore_patterns(
            exclude=self.coursedir.ignore,
            include=self.coursedir.include,
            max_file_size=self.coursedir.max_file_size,
            log=self.log,
        )

        def ignored(folder: str, names: Sequence[str]) -> set[str]:
            odd = {name for name in names if _is_odd(Path(folder, name))}
            for name in sorted(odd):
                self.log.warning("Left out, since it is no file or folder: %s/%s", folder, name)
            return odd | set(usual(folder, [name for name in names if name not in odd]))

        shutil.copytree(src, dest, ignore=ignored)


def _is_odd(path: Path) -> bool:
    return path.is_symlink() or not (path.is_file() or path.is_dir())
