"""What a run came to is summed up over both of its parts, and nothing that went wrong is passed over."""

from typing import Any

from rich.console import Console

from chaos import report
from chaos.cells import Cell
from chaos.recovery import RECOVERY_LIMIT
from chaos.report import Run

GOOD = Cell("api", "submit.before_commit", "kill", "sqlite", 1, recovery=(0.4,))


def places(*cells: Cell, errors: tuple[str, ...] = ()) -> tuple[Run, dict[str, Any]]:
    """A run of the named places only, and its figures."""
    run = Run([], list(cells), list(errors), blows_asked=False)
    return run, report.figures(run, 1, {})


def printed(run: Run, found: dict[str, Any]) -> str:
    console = Console(width=160)
    with console.capture() as text:
        report.show(run, found, console)
    return text.get()


def test_a_place_at_which_nothing_went_wrong_is_no_failure() -> None:
    run, found = places(GOOD)
    assert report.failures(run, found) == []
    assert (found["places_tried"], found["violations"], found["lost"]) == (1, 0, 0)


def test_what_is_lost_at_a_place_is_in_the_sums() -> None:
    wrong = Cell("api", "cancel.after_commit", "kill", "sqlite", 1, 1, 2, 3, wrong=("job_1: lost", "job_2: not told"))
    run, found = places(GOOD, wrong)
    assert (found["lost"], found["duplicated"], found["stuck"], found["violations"]) == (1, 2, 3, 2)
    assert len(report.failures(run, found)) == 2


def test_a_webhook_lost_at_a_place_is_in_the_sums() -> None:
    run, found = places(Cell("api", "x", "kill", "sqlite", 1, wrong=("job_1: not told",), untold=1))
    assert (found["webhooks_lost"], found["violations"]) == (1, 1)
    assert report.failures(run, found)


def test_a_place_that_was_never_reached_is_a_failure() -> None:
    never = Cell("api", "x", "kill", "sqlite", 0)
    run, found = places(GOOD, never)
    assert not never.good
    assert (found["places_tried"], found["violations"]) == (1, 1)
    assert report.failures(run, found)


def test_a_place_for_which_there_was_no_time_is_said_and_no_failure() -> None:
    run, found = places(GOOD, Cell("api", "x", "kill", "sqlite", 0, skipped=True))
    assert report.failures(run, found) == []
    assert (found["places"], found["places_tried"], found["places_not_tried"]) == (2, 1, 1)
    assert "not tried in this run" in report.markdown(run, found)


def test_nothing_tried_is_a_failure() -> None:
    run, found = places(Cell("api", "x", "kill", "sqlite", 0, skipped=True))
    assert report.failures(run, found) == ["no named place was tried"]


def test_the_limit_of_recovery_holds_at_the_places_too() -> None:
    run, found = places(Cell("api", "x", "kill", "sqlite", 1, recovery=(RECOVERY_LIMIT + 1.0,)))
    assert len(report.failures(run, found)) == 1


def test_a_part_that_broke_off_is_a_failure() -> None:
    run, found = places(GOOD, errors=("sqlite, places: TimeoutError: waited",))
    assert found["harness_errors"] == 1
    assert report.failures(run, found)


def test_a_run_without_kills_and_recoveries_is_a_failure() -> None:
    run = Run(places=[GOOD])
    assert report.failures(run, report.figures(run, 1, {})) == ["there were no kills", "there were no recoveries"]


def test_nothing_lost_is_said_only_if_it_is_so() -> None:
    assert "Nothing lost." in printed(*places(GOOD))
    bad = printed(*places(GOOD, Cell("api", "x", "kill", "sqlite", 1, wrong=("job_1: lost",))))
    assert "Nothing lost." not in bad
    assert "VIOLATION kill api at x, sqlite: job_1: lost" in bad
