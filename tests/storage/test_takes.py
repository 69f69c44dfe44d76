"""What a step is handed: all of the step before it, or what it says it takes, wherever that was made."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from pipelines.ids import new_id
from pipelines.jobs import Action, Plan, Step
from storage.outcomes import Ended
from storage.retrying import Retry
from storage.submitting import NewArtifact
from storage.tables import artifacts, steps
from tests.storage.house import House, error_of

INPUTS = [NewArtifact(role, f"keys/{role}", "audio/wav", 44, "11" * 32, 2.0, 16000) for role in ("audio", "reference")]
#: Like a conversion: each recording is decoded, one is looked at, the last step takes from all over.
PLAN = Plan(
    (
        Step("decode", Action.DECODE, "io", takes=("input.audio",)),
        Step("decode-target", Action.DECODE, "io", takes=("input.reference",)),
        Step("segment", Action.SEGMENT, "cpu", "tone"),
        Step("embed", Action.EMBED, "cpu", "tone", takes=("decode-target", "segment.segments")),
        Step("convert", Action.CONVERT, "cpu", "tone", takes=("embed.embedding", "decode.audio", "input")),
        Step("encode", Action.ENCODE, "io"),
    )
)
MADE = [["audio"], ["audio"], ["log", "segments"], ["embedding", "log"], ["audio"], ["audio"]]
TAKEN = [
    ["keys/audio"],
    ["keys/reference"],
    ["1/audio"],
    ["1/audio", "2/segments"],
    ["3/embedding", "0/audio", "keys/audio", "keys/reference"],
    ["4/audio"],
]


def made(number: int, roles: Sequence[str], mark: str = "") -> list[NewArtifact]:
    return [NewArtifact(role, f"{mark}{number}/{role}", "audio/wav", 44, "00" * 32, 1.0, 8000) for role in roles]


def submit(house: House) -> str:
    return house.store.submit(house.submission(plan=PLAN, inputs=INPUTS)).id


def test_each_step_is_handed_what_it_takes_in_its_order(house: House) -> None:
    job_id = submit(house)
    house.publish(job_id)
    for number, roles in enumerate(MADE):
        claim = house.claim(job_id, number)
        assert [ref.key for ref in claim.work.inputs] == TAKEN[number], PLAN.steps[number].name
        assert house.store.complete_step(claim, made(number, roles)) is Ended.SUCCEEDED
    assert house.results(job_id) == ["5/audio"]


def test_an_ordinary_step_says_nothing_in_its_row(house: House) -> None:
    """So a row of the release before this one reads the same."""
    job_id = submit(house)
    with house.database.read() as connection:
        takes = connection.scalars(select(steps.c.takes).where(steps.c.job_id == job_id).order_by(steps.c.number))
        assert list(takes)[1:4] == [[[-1, "reference"]], None, [[1, None], [2, "segments"]]]
        nulls = connection.exec_driver_sql("SELECT count(*) FROM steps WHERE takes IS NULL").scalar()
    assert nulls == 2


def test_a_retry_in_the_middle_takes_what_the_first_job_made(house: House) -> None:
    old = submit(house)
    house.publish(old)
    for number, roles in enumerate(MADE[:4]):
        house.store.complete_step(house.claim(old, number), made(number, roles))
    house.store.fail_step(house.claim(old, 4), "permanent", error=error_of("permanent"))
    new = house.store.retry(Retry(new_id("job"), old, "embed")).id
    house.store.delete(old)
    house.publish(new)
    claim = house.claim(new, 3)
    assert [ref.key for ref in claim.work.inputs] == TAKEN[3]
    house.store.complete_step(claim, made(3, MADE[3], "new "))
    claim = house.claim(new, 4)
    assert [ref.key for ref in claim.work.inputs] == ["new 3/embedding", *TAKEN[4][1:]]
    house.store.complete_step(claim, made(4, MADE[4]))
    # A retry of the retry still knows the names.
    house.store.fail_step(house.claim(new, 5), "permanent", error=error_of("permanent"))
    third = house.store.retry(Retry(new_id("job"), new, "convert")).id
    house.publish(third)
    assert [ref.key for ref in house.claim(third, 4).work.inputs] == ["new 3/embedding", *TAKEN[4][1:]]


def test_deleting_removes_every_artifact(house: House) -> None:
    job_id = submit(house)
    house.publish(job_id)
    house.store.complete_step(house.claim(job_id, 0), made(0, MADE[0]))
    house.store.fail_step(house.claim(job_id, 1), "permanent", error=error_of("permanent"))
    house.store.delete(job_id)
    with house.database.read() as connection:
        assert connection.execute(select(artifacts.c.id)).all() == []


@pytest.mark.parametrize("taken", ["encode", "decode", "nobody.audio"])
def test_a_step_cannot_take_what_no_step_before_it_makes(house: House, taken: str) -> None:
    plan = Plan((Step("decode", Action.DECODE, "io", takes=(taken,)), Step("encode", Action.ENCODE, "io")))
    with pytest.raises(ValueError, match="no step before it makes"):
        house.store.submit(house.submission(plan=plan))
