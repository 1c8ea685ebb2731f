"""What the grading benchmark hands in: the template, filled in right, wrong or by half."""

import shutil

KINDS = ("right", "wrong", "half done")

WRONG = """

def _off(value):
    if isinstance(value, dict):
        return {{key: _off(item) for key, item in value.items()}}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_off, value))
    return value * 1.5 + 0.25


def _spoiled(function, parts):
    def spoiled(*args, **kwargs):
        result = function(*args, **kwargs)
        return (_off(result[0]), result[1]) if parts == 2 else _off(result)

    return spoiled


for _name, _parts in {functions}.items():
    globals()[_name] = _spoiled(globals()[_name], _parts)
"""

MISSING = """

def {name}(*args, **kwargs):
    raise NotImplementedError("{name} is not written yet")
"""


def write_submission(course, assignment, kind, folder):
    """The whole package: earlier assignments right, later ones untouched, this one by its kind."""
    package = folder / course.package
    shutil.copytree(course.root / "student_template" / course.package, package)
    for one in (*course.before(assignment), assignment):
        for name in one.files:
            shutil.copyfile(course.solutions / course.package / name, package / name)
    contract = course.contract.functions
    for name in assignment.files:
        functions = {
            function.name: len(contract[function.name].returns)
            for function in assignment.functions
            if f"{contract[function.name].module}.py" == name
        }
        if kind == "wrong":
            text = WRONG.format(functions=functions)
        elif kind == "half done":
            later = list(functions)[(len(functions) + 1) // 2 :]
            text = "".join(MISSING.format(name=function) for function in later)
        else:
            continue
        with (package / name).open("a", encoding="utf-8") as file:
            file.write(text)
