"""The breaks of `make mutants` still apply; a few of them are really made."""

import pytest

from tests.mutations.breaks import BREAKS, Break
from tests.mutations.trees import ROOT, TestsDidNotEnd, applied, broken, copied, first_failure

#: Quick ones, in three different packages' rules.
_SAMPLE = ("a result counts without the fencing number", "one try more than the budget", "a former leader writes")


@pytest.mark.parametrize("what", BREAKS, ids=lambda what: what.name)
def test_every_break_still_applies(what: Break) -> None:
    assert applied((ROOT / what.path).read_text(encoding="utf-8"), what) != what.old
    for test in what.tests:
        path, _, name = test.partition("::")
        assert f"def {name}" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_sample_is_noticed() -> None:
    sample = [what for what in BREAKS if what.name in _SAMPLE]
    assert len(sample) == len(_SAMPLE)
    with copied() as tree:
        for what in sample:
            with broken(tree, what):
                assert first_failure(tree, what.tests, what.database), what.name


def test_a_time_out_is_not_noticing() -> None:
    never = ("tests/mutations/test_mutations.py::test_every_break_still_applies",)
    with pytest.raises(TestsDidNotEnd):
        first_failure(ROOT, never, "sqlite", patience=0.01)
    assert first_failure(ROOT, never, "sqlite", patience=0.01, hangs=True)
