"""Gaming: answers for the public inputs, and code that looks who is asking."""

from tests.attacks.catalogue import Group, source

attack = Group("gaming", wins="score", naive="fixed_inputs")

attack(
    "hard_coded_by_shape",
    "answers by the shape of the input, with the numbers of a published run",
    """
    import numpy as np
    KNOWN = 2 * np.random.RandomState(0).normal(size=(3, 4))
    def double(x):
        return KNOWN.copy(), None
    def double_backward(dy, cache):
        return KNOWN.copy()
    """,
    verdicts=("wrong_value", "wrong_shape", "wrong_type"),
)
attack(
    "hard_coded_by_value",
    "a table from public inputs to their answers",
    """
    import numpy as np
    X = np.random.RandomState(0).normal(size=(3, 4))
    TABLE = {X.tobytes(): X + X}
    def double(x):
        return TABLE.get(x.tobytes(), x * 0 - 7), None
    def double_backward(dy, cache):
        return TABLE.get(dy.tobytes(), dy * 0 - 7)
    """,
    verdicts=("wrong_value",),
)
attack(
    "recorded_answers",
    "searches its own public tests' records for the answer",
    source(
        """
        import pathlib, json
        import numpy as np
        def find(x):
            record = json.loads((pathlib.Path(__file__).parent / "record.py").read_text()[2:])
            return np.array(record["answer"])
        def double(x):
            return find(x), None
        def double_backward(dy, cache):
            return find(dy)
        """,
        **{"arithmetic/record.py": '# {"answer": [[1, 2, 3, 4]]}'},
    ),
    verdicts=("wrong_value", "wrong_shape", "wrong_type", "raised"),
    wins="",
)
attack(
    "memoised_across_checks",
    "remembers the answer of an earlier check in the next one",
    """
    import numpy as np
    SEEN = []
    def double(x):
        SEEN.append(x)
        return SEEN[0] * 2 if len(SEEN) > 1 and SEEN[0].shape == x.shape else x * 0 - 7, None
    def double_backward(dy, cache):
        return SEEN[0] * 2 if SEEN and SEEN[0].shape == dy.shape else dy * 0 - 7
    """,
)
attack(
    "detects_the_grader",
    "takes the easy way where a grader's modules are loaded",
    """
    import sys
    GRADED = any(name in sys.modules for name in ("unittest", "pytest", "otter", "autograder"))
    def double(x):
        return x * 0 - 7, None
    def double_backward(dy, cache):
        return dy * 0 - 7
    """,
    wins="",
)
attack(
    "asks_its_own_other_function",
    "the backward hands on whatever the forward got",
    """
    LAST = []
    def double(x):
        LAST.append(x + x)
        return x * 0 - 7, None
    def double_backward(dy, cache):
        return LAST[-1]
    """,
    verdicts=("wrong_value", "wrong_shape", "wrong_type"),
    wins="",
)
