"""The jail on aarch64: python -m tests.drills.aarch64 [FOLDER]   (make prove-aarch64)

A Debian arm64 system, kernel and all, in an emulator. Its root file system is unpacked from
Debian's packages, without configuring them, and lives in memory; wheels for aarch64 come from the
package index. In it: doctor, the right work, and the whole hostile corpus, as root. It needs
qemu-system-arm, debootstrap, cpio and unzip, about 2 GB of disk and 4 GB of memory, and an hour or
more; it is no part of the other tests.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.attacks.catalogue import CASES, load
from tests.attacks.matrix import Battle

ROOT = Path(__file__).resolve().parents[2]
SUITE, MIRROR = "bookworm", "http://deb.debian.org/debian"
PACKAGES = "python3,libpython3-stdlib,linux-image-arm64"
WHEELS = ("numpy", "click", "rich", "pytest", "tzdata")
SITE = "usr/lib/python3/dist-packages"  # where also the isolated interpreter looks
PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_28_aarch64")
SLOWER = 10  # than this machine: every limit of the corpus is as much larger
HOURS = 4
LEVELS = ("landlock", "namespaces")
TOOLS = ("qemu-system-aarch64", "debootstrap", "cpio", "unzip")
ARENA = "python3 -m tests.attacks.arena /tmp/room"
INIT = f"""#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 NO_COLOR=1
export PYTHONPATH=/kit PYTHONDONTWRITEBYTECODE=1 OPENBLAS_NUM_THREADS=1
export KIT_ARENA_SLOWER={SLOWER}
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/shm /var/tmp
for place in /tmp /dev/shm /run; do mount -t tmpfs tmpfs $place; done
chmod 1777 /tmp /dev/shm /var/tmp
cd /kit
echo "=== kernel"; uname -srm
echo "=== doctor"; python3 -m autograder doctor
echo "=== right"; python3 -m autograder grade 03 solutions --results /tmp/results
for level in {" ".join(LEVELS)}; do for assignment in 02 01; do
echo "=== arena $level $assignment"
rm -rf /tmp/room; {ARENA} $level $assignment 2> /tmp/err || tail -n 5 /tmp/err
done; done
echo "=== done"
python3 -c "import ctypes; ctypes.CDLL(None).reboot(0x4321fedc)"
"""


def main(folder: Path) -> int:
    """Build, boot, and say what was stopped; 1 where something was not."""
    if lacking := [tool for tool in TOOLS if shutil.which(tool) is None]:
        print(f"Not here: {', '.join(lacking)} missing.")
        return 2
    kernel, memory = build(folder)
    log = folder / "console.log"
    print(f"Booting; {log} has what it says.", flush=True)
    command = [
        *("qemu-system-aarch64", "-M", "virt", "-cpu", "max", "-accel", "tcg,thread=multi"),
        *("-m", "4096", "-smp", "2", "-nic", "none", "-nographic", "-no-reboot"),
        *("-kernel", str(kernel), "-initrd", str(memory)),
        *("-append", "console=ttyAMA0 rdinit=/init panic=-1 quiet"),
    ]
    started = time.monotonic()
    with log.open("wb") as out:
        subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=out, timeout=HOURS * 3600, check=False
        )
    print(f"It ran for {(time.monotonic() - started) / 60:.0f} minutes.")
    return told(log.read_text(errors="replace"))


def build(folder: Path) -> tuple[Path, Path]:
    """The kernel, and the root file system packed for it."""
    root = folder / "root"
    if not root.is_dir():
        run("debootstrap", "--arch=arm64", "--foreign", "--variant=minbase",
            f"--include={PACKAGES}", SUITE, root, MIRROR)  # fmt: skip
        for package in sorted((root / "var/cache/apt/archives").glob("*.deb")):
            run("dpkg-deb", "-x", package, root)
            package.unlink()
    for name in ("usr/lib/modules", "lib/modules", "usr/share/doc", "usr/share/locale", "kit"):
        shutil.rmtree(root / name, ignore_errors=True)
    chosen = [f"--platform={name}" for name in PLATFORMS]
    run(sys.executable, "-m", "pip", "download", "-q", *chosen, "--python-version=3.11",
        "--only-binary=:all:", "-d", folder / "wheels", *WHEELS)  # fmt: skip
    for wheel in (folder / "wheels").glob("*.whl"):
        run("unzip", "-q", "-o", wheel, "-d", root / SITE)
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("autograder", "assignments", "solutions", "tests/attacks", "tests/tiny_course"):
        shutil.copytree(ROOT / name, root / "kit" / name, ignore=ignored)
    (root / "kit/tests/__init__.py").touch()
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    (kernel,) = (root / "boot").glob("vmlinuz-*")
    shutil.copy(kernel, folder / "kernel")
    pack = f"cd {root} && find . | cpio -o -H newc --quiet | gzip -1 > {folder / 'memory.gz'}"
    run("bash", "-ec", pack)
    return folder / "kernel", folder / "memory.gz"


def run(*command: object) -> None:
    subprocess.run([*map(str, command)], check=True)


def told(console: str) -> int:
    """Print what the console says, with the corpus judged; 1 where something was not stopped."""
    load()
    wrong = 0
    for part in console.split("=== ")[1:]:
        title, _, text = part.partition("\n")
        if not title.startswith("arena"):
            print(f"== {title.strip()}\n{text.strip()}")
            continue
        lines = [line for line in text.splitlines() if line.startswith('{"level"')]
        if not lines:
            print(f"== {title.strip()}: not run\n{text.strip()[-500:]}")
            wrong += 1
            continue
        batch = json.loads(lines[0])
        battles = [Battle(CASES[name], out, batch) for name, out in batch["cases"].items()]
        fought = [b for b in battles if not (b.case.wants_open_interpreter and batch["notes"])]
        bad = {b.case.name: b.complaints() for b in fought if b.complaints()}
        print(f"== {title.strip()}: {len(fought) - len(bad)} of {len(fought)} as promised")
        for name, words in bad.items():
            print(f"   {name}: {words}")
        wrong += len(bad)
    return int(wrong > 0 or "=== done" not in console)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/aarch64").resolve()))
