"""A class of students: what they hand in for the six assignments, right, wrong and odd."""

import io
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.sample_class import slips

ROOT = Path(__file__).parent.parent.parent
SOLUTION = ROOT / "solutions" / "transformer"
TEMPLATE = ROOT / "student_template" / "transformer"
HIDDEN = ROOT / "autograder" / "hidden"


@dataclass(frozen=True)
class HandIn:
    """One upload: the solution's or the template's files, changed."""

    assignment: str
    student: str
    what: str
    base: Path = SOLUTION
    file: str = ""
    appended: str = ""
    alternative: str = ""
    archive: bool = True
    raw: bytes | None = None


def bad_zip() -> bytes:
    """An archive with a name outside its folder."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("../transformer/layernorm.py", "print('outside')\n")
    return content.getvalue()


CLASS = (
    HandIn("01_activations", "s01", "right"),
    HandIn("01_activations", "s02", "right, with loops", alternative="loops"),
    HandIn(
        "01_activations",
        "s03",
        "softmax without the shift",
        file="activations.py",
        appended=slips.SOFTMAX_WITHOUT_SHIFT,
    ),
    HandIn(
        "01_activations",
        "s04",
        "relu's derivative of dy",
        file="activations.py",
        appended=slips.RELU_DERIVATIVE_OF_THE_OUTPUT,
    ),
    HandIn("01_activations", "s05", "nothing done yet", base=TEMPLATE),
    HandIn(
        "01_activations",
        "s06",
        "an endless loop",
        file="activations.py",
        appended=slips.ENDLESS_SIGMOID,
    ),
    HandIn(
        "01_activations", "s07", "right, and talks", file="activations.py", appended=slips.CHATTY
    ),
    HandIn("02_layer", "s01", "right"),
    HandIn("02_layer", "s02", "right, slow", file="layer.py", appended=slips.SLOW_LINEAR),
    HandIn(
        "02_layer",
        "s03",
        "db averaged",
        file="layer.py",
        appended=slips.BIAS_GRADIENT_AVERAGED,
    ),
    HandIn("02_layer", "s05", "nothing done yet", base=TEMPLATE),
    HandIn("03_layernorm", "s01", "right"),
    HandIn(
        "03_layernorm",
        "s02",
        "no variance path",
        file="layernorm.py",
        appended=slips.NO_VARIANCE_PATH,
    ),
    HandIn(
        "03_layernorm",
        "s03",
        "no variance path too",
        file="layernorm.py",
        appended=slips.NO_VARIANCE_PATH,
        archive=False,
    ),
    HandIn("03_layernorm", "s04", "ddof=1", file="layernorm.py", appended=slips.SAMPLE_VARIANCE),
    HandIn("03_layernorm", "s05", "the first axis", file="layernorm.py", appended=slips.WRONG_AXIS),
    HandIn("03_layernorm", "s06", "crashes", file="layernorm.py", appended=slips.CRASHES),
    HandIn(
        "03_layernorm", "s07", "a syntax error", file="layernorm.py", appended=slips.SYNTAX_ERROR
    ),
    HandIn("03_layernorm", "s08", "a bad zip", raw=bad_zip()),
    HandIn("03_layernorm", "s09", "an empty file", raw=b""),
    HandIn("04_attention", "s01", "right"),
    HandIn(
        "04_attention", "s02", "mask inverted", file="attention.py", appended=slips.INVERTED_MASK
    ),
    HandIn(
        "04_attention",
        "s03",
        "dq and dk exchanged",
        file="attention.py",
        appended=slips.TRANSPOSED_WEIGHTS,
    ),
    HandIn("05_adam", "s01", "right"),
    HandIn(
        "05_adam", "s02", "no bias correction", file="adam.py", appended=slips.NO_BIAS_CORRECTION
    ),
    HandIn("05_adam", "s03", "updates in place", file="adam.py", appended=slips.IN_PLACE),
    HandIn("06_transformer_block", "s01", "right"),
    HandIn(
        "06_transformer_block",
        "s02",
        "the residual's gradient is missing",
        file="transformer_block.py",
        appended=slips.NO_RESIDUAL_GRADIENT,
    ),
    HandIn(
        "06_transformer_block",
        "s03",
        "right block on a wrong layer normalisation",
        file="layernorm.py",
        appended=slips.SAMPLE_VARIANCE,
    ),
)


def hand_in(folder: Path, upload: HandIn) -> Path:
    """Write one upload below `folder`/ASSIGNMENT; its path."""
    home = folder / upload.assignment
    home.mkdir(parents=True, exist_ok=True)
    if upload.raw is not None:
        path = home / f"{upload.student}.zip"
        path.write_bytes(upload.raw)
        return path
    files = {path.name: path.read_text(encoding="utf-8") for path in upload.base.glob("*.py")}
    if upload.file:
        files[upload.file] += upload.appended
    if upload.alternative:
        for path in (HIDDEN / upload.assignment / "accepted" / upload.alternative).glob("*.py"):
            before = files.get(path.name, "")
            files[path.name] = before + "\n\n" + path.read_text(encoding="utf-8")
    if not upload.archive:
        package = home / upload.student / "transformer"
        package.mkdir(parents=True)
        for name, text in files.items():
            (package / name).write_text(text, encoding="utf-8")
        return package.parent
    path = home / f"{upload.student}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(files.items()):
            archive.writestr(f"transformer/{name}", text)
    return path


def build(folder: Path) -> list[str]:
    """Write the whole class below a folder that is made anew; the assignments, in order."""
    shutil.rmtree(folder, ignore_errors=True)
    for upload in CLASS:
        hand_in(folder, upload)
    return sorted({upload.assignment for upload in CLASS})
