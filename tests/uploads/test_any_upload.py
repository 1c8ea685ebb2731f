"""No upload is left out: graded with a note, or refused with a sentence."""

from __future__ import annotations

import bz2
import io
import lzma
import tarfile

import pytest

from autograder.uploads.sources import find_sources, without_doubles
from autograder.uploads.submission import Source, read_submission
from tests.desk import RIGHT
from tests.uploads.test_uploads import EXPECTED, SOURCE, read, refusal, zipped

CODE = SOURCE.encode()


@pytest.mark.parametrize(
    "name",
    [
        "double (1).py",
        "double-1.py",
        "double - Copy.py",
        "double copy.py",
        "double copy 2.py",
        "double.py.txt",
        "double (2).py.txt",
        "double.PY",
    ],
)
@pytest.mark.parametrize("packing", ["a.zip", "a.tgz", "a"])
@pytest.mark.parametrize("inside", ["arithmetic/", "", "work/"])
def test_a_copys_name_is_put_right_with_a_note(desk, name, packing, inside):
    found = read(desk.hand_in(packing, {f"{inside}{name}": CODE}))
    assert dict(found.files) == {"arithmetic/double.py": CODE}
    assert any(f'"{name}" was taken for "double.py"' in note for note in found.notes)


def test_a_copy_beside_the_plain_file_stays_out(desk):
    path = desk.hand_in("a.zip", {**RIGHT, "arithmetic/double (1).py": "raise SystemExit"})
    files = read(path).files
    assert files["arithmetic/double.py"] == CODE


def test_two_copies_are_a_question(desk):
    path = desk.hand_in("a", {"arithmetic/double (1).py": "x", "arithmetic/double (2).py": "y"})
    assert 'could both be "double.py": keep one' in refusal(path)


@pytest.mark.parametrize("suffix", [".tar", ".tar.bz2", ".tbz2", ".tar.xz", ".txz"])
def test_tars_of_every_packing_are_read(tmp_path, suffix):
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        member = tarfile.TarInfo("work/arithmetic/double.py")
        member.size = len(CODE)
        archive.addfile(member, io.BytesIO(CODE))
    pack = {"b": bz2.compress, "x": lzma.compress, "": bytes}
    packed = pack["b" if "b" in suffix else "x" if "x" in suffix else ""](plain.getvalue())
    path = tmp_path / f"ada{suffix}"
    path.write_bytes(packed)
    assert dict(read(path).files) == {"arithmetic/double.py": CODE}
    (source,) = find_sources([tmp_path], EXPECTED)
    assert source.id == "ada"
    path.write_bytes(packed[: 700 if suffix == ".tar" else len(packed) // 2])
    assert "damaged" in refusal(path)


@pytest.mark.parametrize("suffix", [".tar.bz2", ".tar.xz"])
def test_bombs_in_other_packings_cost_no_more(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    with tarfile.open(path, f"w:{suffix[5:]}") as archive:
        member = tarfile.TarInfo("arithmetic/double.py")
        member.size = 300_000_000
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    words = refusal(path)
    assert "times its size" in words or "unpacks to" in words


def test_an_xz_that_wants_much_memory_is_refused(tmp_path):
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 2**29}]
    path = tmp_path / "a.tar.xz"
    path.write_bytes(lzma.compress(b"x" * 1000, filters=filters))
    assert "damaged" in refusal(path)


@pytest.mark.parametrize("inner", ["inner.zip", "inner.tgz"])
@pytest.mark.parametrize("outer", ["a.zip", "a.tgz", "a"])
def test_an_archive_in_an_archive_is_opened_once(desk, tmp_path, inner, outer):
    packed = desk.hand_in(inner, RIGHT).read_bytes()
    path = desk.hand_in(outer, {f"work/{inner}": packed, "work/readme.txt": "hello"})
    assert dict(read(path).files) == {"arithmetic/double.py": CODE}
    twice = desk.hand_in(
        "twice.zip", {"once.zip": zipped(tmp_path / "z.zip", {inner: packed}).read_bytes()}
    )
    assert "more archives" in refusal(twice)


@pytest.mark.parametrize(
    "folder", [".venv/lib/python3.12/site-packages", "venv/Lib", "node_modules", ".git/objects"]
)
@pytest.mark.parametrize("packing", ["a.zip", "a.tgz", "a"])
def test_environments_are_ignored_before_names_are_counted(desk, folder, packing):
    junk = {f"{folder}/p{number}/double.py": b"" for number in range(3_000)}
    assert dict(read(desk.hand_in(packing, {**RIGHT, **junk})).files) == {
        "arithmetic/double.py": CODE
    }


@pytest.mark.parametrize("mark", [b"", b"\xff\xfe", b"\xfe\xff"])
@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le"])
def test_text_of_a_windows_shell_is_read(desk, encoding, mark):
    if mark and (mark == b"\xff\xfe") != (encoding == "utf-16-le"):
        pytest.skip("another order's mark")
    text = mark + SOURCE.encode(encoding)
    found = read(desk.hand_in("a.zip", {"arithmetic/double.py": text}))
    assert dict(found.files) == {"arithmetic/double.py": CODE}
    assert any("UTF-16" in note for note in found.notes)


def test_bytes_that_only_begin_like_utf_16_stay_as_they_are(desk):
    broken = b"\xff\xfe\x00"
    assert read(desk.hand_in("a", {"arithmetic/double.py": broken})).files == {
        "arithmetic/double.py": broken
    }


STRANGE = {
    "ada.zip": None,
    "double.py": CODE,
    "bob_double.py": CODE,
    "cy-double (1).py": CODE,
    "dora_double.py.txt": CODE,
    "emil.py": b"x = 1",
    "fay.ipynb": b"{}",
    "gil.docx": b"PK",
    "hana.pdf": b"%PDF",
    "ivan.rar": b"Rar!",
    "jo.7z": b"7z",
}
GRADED = {"ada", "double", "bob", "cy", "dora"}


def test_nothing_in_a_folder_of_uploads_is_left_out(desk):
    for name, content in STRANGE.items():
        if content is None:
            desk.hand_in(name, RIGHT)
        else:
            (desk.uploads / name).write_bytes(content)
    (desk.uploads / "roster.csv").write_text("student\nada\n")
    desk.grade()
    names = {name.split(".")[0].split("_")[0].split("-")[0] for name in STRANGE}
    for name in names:
        result = desk.result(name)
        assert result["status"] == ("graded" if name in GRADED else "refused"), name
        assert result["score"] == (4 if name in GRADED else 0), name
        if name not in GRADED:
            assert result["reason"]
    assert not list(desk.results.glob("*/roster*"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.ipynb", "is a notebook: hand in the .py files"),
        ("a.docx", "is a document, not code"),
        ("a.pdf", "is a document, not code"),
        ("a.rar", "hand in a .zip or a .tar.gz"),
        ("a.7z", "hand in a .zip or a .tar.gz"),
    ],
)
def test_what_is_no_code_is_refused_with_what_to_hand_in(tmp_path, name, words):
    path = tmp_path / name
    path.write_bytes(b"1234")
    assert words in refusal(path)


def test_a_notebook_with_the_functions_is_told_where_they_belong(desk):
    path = desk.hand_in("a.zip", {"solution.ipynb": "{}"})
    assert "the functions belong into the .py files" in refusal(path)


def test_a_plotting_import_is_told_what_is_there(desk):
    code = "import matplotlib.pyplot as plt\n" + SOURCE
    desk.hand_in("ada", {"arithmetic/double.py": code})
    desk.grade()
    first = desk.result("ada")["checks"][0]
    assert "NumPy and the standard library are there" in first["told"]
    feedback = next(desk.results.glob("*/ada.md")).read_text()
    assert "belong into a file of their own" in feedback


def test_a_module_of_the_standard_library_that_fails_is_not_blamed(desk):
    code = "from collections import nothing_such\n" + SOURCE
    desk.hand_in("ada", {"arithmetic/double.py": code})
    desk.grade()
    assert "NumPy and the standard" not in desk.result("ada")["checks"][0]["told"]


def test_doubles_are_told_apart_from_the_rest(tmp_path):
    sources = [Source("ada", (tmp_path / "a",)), Source("Ada", (tmp_path / "b",)), Source("bo", ())]
    single, words = without_doubles(sources)
    assert [source.id for source in single] == ["bo"]
    assert len(words) == 1


def test_loose_canvas_files_with_copies_names(tmp_path):
    path = tmp_path / "kimada_123_456_double-1.py"
    path.write_bytes(CODE)
    (source,) = find_sources([tmp_path], EXPECTED)
    assert source.id == "kimada_123"
    assert dict(read_submission(source, EXPECTED).files) == {"arithmetic/double.py": CODE}
