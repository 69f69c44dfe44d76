"""Saved voices in the rows: made, checked, given to jobs, listed, and deleted without a trace."""

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text

from pipelines.errors import Conflict, Gone, InvalidRequest, NotFound
from pipelines.ids import new_id
from pipelines.jobs import Action, Plan, Step
from pipelines.voices import Space, VoiceStatus
from storage import garbage, retention, voice_deleting, voice_uses
from storage.claims import Claim
from storage.filters import Page
from storage.local import LocalArtifacts
from storage.outcomes import Ended
from storage.retrying import Retry
from storage.submitting import Idempotency, NewArtifact, Submission
from storage.tables import artifacts, metadata
from storage.tables import garbage as notes
from storage.tables_voices import voices
from storage.voice_pages import VoiceFilter
from storage.voices import MadeVoice, NewVoice, VoiceStore
from tests.storage.house import House, error_of, output

SPACE = Space("campplus", "abc")
VECTOR = [0.123456789, -0.5, 0.25]
MEASURED = {
    "segments": [{"start": 0.5, "end": 3.5}],
    "seconds": 4.0,
    "speech_seconds": 3.0,
    "clipped_share": 0.001,
}
CHECKED = {
    "embedding": {"family": "campplus", "dimensions": 3, "vector": VECTOR},
    "check": {"speakers": 1, "warnings": []},
}


def recording(voice_id: str) -> NewArtifact:
    return NewArtifact("audio", f"voices/{voice_id}/reference", "audio/wav", 44, "ab" * 32)


def check_plan(voice_id: str) -> Plan:
    remember = {"voice": voice_id, "space": SPACE.name, "revision": SPACE.revision}
    return Plan(
        (
            Step("segment", Action.SEGMENT, "cpu", "tone", {"remember": {"voice": voice_id}}),
            Step("enroll", Action.ENROLL, "cpu", "tone", {"remember": remember}, ("segment.segments", "input.audio")),
        )
    )


def check_of(house: House, voice_id: str, submitter: str = "") -> Submission:
    return house.submission(
        kind="embedding",
        plan=check_plan(voice_id),
        voice=voice_id,
        request={"kind": "embedding", "input": {"voice": voice_id}},
        inputs=[recording(voice_id)],
        holds_voices=(voice_id,),
        submitter=submitter,
    )


def make(house: House, name: str = "Ada", key: Idempotency | None = None, **more: Any) -> MadeVoice:
    voice_id = new_id("voice")
    new = NewVoice(voice_id, name, recording(voice_id), idempotency=key, **more)
    return VoiceStore(house.database, most=20).create(new, check_of(house, voice_id))


def job_of(house: House, voice_id: str) -> str:
    return str(VoiceStore(house.database).get(voice_id).voice.job_id)


def segmented(house: House, voice_id: str) -> Claim:
    """The claim of the check's last step."""
    job_id = job_of(house, voice_id)
    house.publish(job_id)
    segments = NewArtifact("segments", f"jobs/{job_id}/segments.json", "application/json", 9, "cd" * 32)
    assert house.store.complete_step(house.claim(job_id), [segments], MEASURED) is Ended.SUCCEEDED
    return house.claim(job_id, 1)


def ready(house: House, name: str = "Ada", **more: Any) -> str:
    """A voice whose check succeeded."""
    voice_id = make(house, name, **more).id
    claim = segmented(house, voice_id)
    made = [
        NewArtifact("embedding", f"jobs/{claim.work.job_id}/embedding.json", "application/json", 9, "cd" * 32),
        NewArtifact("preview", f"jobs/{claim.work.job_id}/preview.wav", "audio/wav", 44, "cd" * 32, 3.0, 16000),
    ]
    assert house.store.complete_step(claim, made, CHECKED) is Ended.SUCCEEDED
    return voice_id


def speaking(house: House, voice_id: str, *, known: bool = False) -> Submission:
    """A job that speaks with the voice: its vector is in the options, or is made and remembered."""
    vector = {"family": "campplus", "vector": VECTOR}
    remember = {"voice": voice_id, "space": "openvoice_v2", "revision": "1"}
    embed = Step("embed", Action.EMBED, "cpu", "tone", {"remember": remember, "segments": [[0.5, 3.5]]})
    speak = Step("speak", Action.SYNTHESIZE, "cpu", "tone", {"text": "Hi", "speaker": vector if known else "embed"})
    return house.submission(
        plan=Plan((speak,) if known else (embed, speak)),
        voice=voice_id,
        request={"kind": "speech", "options": {"voice": voice_id}},
        inputs=() if known else [replace(recording(voice_id), role="reference")],
        holds_voices=(voice_id,),
    )


def spoken(house: House, voice_id: str) -> str:
    """A finished job that spoke with the voice; what it heard of it lies between its steps."""
    job_id = house.store.submit(speaking(house, voice_id)).id
    house.publish(job_id)
    between = NewArtifact("embedding", f"jobs/{job_id}/embedding.json", "application/json", 9, "cd" * 32)
    document = {"embedding": {"family": "openvoice_v2", "dimensions": 3, "vector": VECTOR}}
    house.store.complete_step(house.claim(job_id), [between], document)
    house.store.complete_step(house.claim(job_id, 1), [output(job_id)], {"similarity": 0.5, "of": voice_id})
    return job_id


def everything(house: House) -> str:
    """All rows of all tables, as text."""
    with house.database.read() as connection:
        rows = {
            name: [tuple(row) for row in connection.execute(select(table))] for name, table in metadata.tables.items()
        }
    return json.dumps(rows, default=str)


def test_a_check_that_succeeds_makes_a_voice_ready_with_all_that_it_found(house: House) -> None:
    voice_id = make(house, language="en", labels={"team": "a"}).id
    store = VoiceStore(house.database)
    assert store.get(voice_id).voice.status == "checking"
    claim = segmented(house, voice_id)
    halfway = store.get(voice_id).voice
    assert (halfway.status, halfway.speech_seconds, halfway.clipped_share) == ("checking", 3.0, 0.001)
    house.store.complete_step(claim, [output()], CHECKED)
    rows = store.get(voice_id)
    assert (rows.voice.status, rows.voice.speakers, rows.voice.reasons) == ("ready", 1, [])
    assert rows.embeddings == (SPACE,)
    saved = store.saved([voice_id, "voice_none"])[voice_id]
    assert (saved.status, saved.segments) == (VoiceStatus.READY, ((0.5, 3.5),))
    assert saved.embeddings == {SPACE: tuple(VECTOR)}
    assert saved.recording is not None
    assert saved.recording.key == f"voices/{voice_id}/reference"


def test_a_check_that_fails_refuses_the_voice_with_the_reason_and_a_retry_checks_it_again(house: House) -> None:
    voice_id = make(house).id
    claim = segmented(house, voice_id)
    house.store.fail_step(claim, "permanent", error=error_of("permanent", "reference_several_speakers"))
    store = VoiceStore(house.database)
    refused = store.get(voice_id).voice
    assert refused.status == "refused"
    assert refused.reasons == [{"code": "reference_several_speakers", "message": "It went wrong."}]
    again = house.store.retry(Retry(new_id("job"), claim.work.job_id))
    anew = store.get(voice_id).voice
    assert (anew.status, anew.reasons, anew.job_id) == ("checking", [], again.id)
    house.publish(again.id)
    house.store.complete_step(house.claim(again.id, 1), [output()], CHECKED)
    assert store.get(voice_id).voice.status == "ready"


def test_two_retries_of_a_check_at_once_do_not_wait_for_each_other_forever(house: House) -> None:
    if house.database.is_sqlite:
        pytest.skip("writers come one after the other there")
    voice_id = make(house).id
    refused = job_of(house, voice_id)
    house.store.cancel(refused)
    first, second = (house.store.submit(house.submission()).id for _ in range(2))
    with house.database.write() as one, house.database.write() as other:
        one.execute(text("SET LOCAL lock_timeout = '2s'"))
        voice_uses.hold(one, first, [voice_id])
        voice_uses.hold(other, second, [voice_id])
        voice_uses.check_again(one, refused, first)
    assert job_of(house, voice_id) == first


def test_a_cancelled_check_refuses_the_voice(house: House) -> None:
    voice_id = make(house).id
    house.store.cancel(job_of(house, voice_id))
    row = VoiceStore(house.database).get(voice_id).voice
    assert (row.status, row.reasons[0]["code"]) == ("refused", "cancelled")


def test_a_job_that_embeds_a_voice_leaves_the_vector_for_the_next(house: House) -> None:
    voice_id = ready(house)
    spoken(house, voice_id)
    known = VoiceStore(house.database).saved([voice_id])[voice_id].embeddings
    assert set(known) == {SPACE, Space("openvoice_v2", "1")}


def test_the_same_key_makes_one_voice_and_there_are_not_too_many(house: House) -> None:
    key = Idempotency("key", "digest")
    first, second = make(house, key=key), make(house, key=key)
    assert (second.id, second.replayed) == (first.id, True)
    with pytest.raises(InvalidRequest) as caught:
        make(house, key=Idempotency("key", "other"))
    assert caught.value.code == "idempotency_mismatch"
    for number in range(19):
        make(house, str(number))
    with pytest.raises(Conflict) as full:
        make(house)
    assert full.value.code == "too_many_voices"


def test_nothing_of_a_deleted_voice_stays_in_any_table(house: House) -> None:
    voice_id = ready(house, "Xanthippe", description="aunt", labels={"who": "zebra"}, language="el")
    finished = spoken(house, voice_id)
    known = house.store.submit(speaking(house, voice_id, known=True)).id
    running = house.store.submit(speaking(house, voice_id)).id
    house.publish(running)
    claim = house.claim(running)
    check = job_of(house, voice_id)
    before = everything(house)
    traces = (voice_id, str(VECTOR[0]), "Xanthippe", "aunt", "zebra")
    assert all(trace in before for trace in traces)
    keys = VoiceStore(house.database).delete(voice_id)
    assert {f"voices/{voice_id}/reference", f"jobs/{finished}/embedding.json"} <= set(keys)
    assert {f"jobs/{check}/preview.wav", f"jobs/{check}/embedding.json"} <= set(keys)
    assert f"keys/{finished}" not in keys
    with house.database.read() as reading:
        assert set(reading.scalars(select(notes.c.key))) >= set(keys)
    with house.database.write() as connection:
        connection.execute(notes.delete())
    after = everything(house)
    assert [trace for trace in traces if trace in after] == []
    assert house.row(finished).status == "succeeded"
    assert house.results(finished) == [f"keys/{finished}"]
    for job_id in (known, running):
        assert (house.row(job_id).status, house.row(job_id).error_code) == ("failed", "voice_deleted")
        house.history(job_id)
    assert house.store.complete_step(claim, [output()], None) is Ended.LATE
    assert house.history(check)[-1] == "results.removed"
    with pytest.raises(NotFound):
        VoiceStore(house.database).delete(voice_id)


def test_a_job_of_a_deleted_voice_cannot_be_tried_again_and_a_new_one_is_refused(house: House) -> None:
    voice_id = ready(house)
    submission, finished = speaking(house, voice_id), spoken(house, voice_id)
    again = house.store.retry(Retry(new_id("job"), finished, start="speak"))
    VoiceStore(house.database).delete(voice_id)
    assert house.row(again.id).error_code == "voice_deleted"
    with pytest.raises(Gone) as gone:
        house.store.retry(Retry(new_id("job"), finished, start="embed"))
    assert gone.value.code == "voice_deleted"
    with pytest.raises(InvalidRequest) as caught:
        house.store.submit(submission)
    assert caught.value.code == "unknown_voice"


def test_a_delete_that_was_cut_off_is_finished_by_the_janitor(house: House) -> None:
    voice_id = ready(house)
    with house.database.write() as connection:
        connection.execute(voices.update().where(voices.c.id == voice_id).values(deleted_at=1.0))
    with pytest.raises(NotFound):
        VoiceStore(house.database).get(voice_id)
    assert VoiceStore(house.database).page(VoiceFilter(), Page(10)) == []
    assert voice_deleting.finish_deleting(house.database) == 1
    assert voice_deleting.finish_deleting(house.database) == 0
    with house.database.read() as reading:
        assert reading.execute(select(voices)).all() == []


def test_who_borrowed_the_recording_as_an_artifact_loses_it_too(house: House) -> None:
    voice_id = ready(house)
    with house.database.read() as reading:
        taken = reading.scalar(select(artifacts.c.id).where(artifacts.c.key == f"voices/{voice_id}/reference"))
    borrowed = {str(taken): "input.audio.artifact"}
    borrower = house.store.submit(house.submission(inputs=[recording(voice_id)], borrowed=borrowed)).id
    VoiceStore(house.database).delete(voice_id)
    assert house.row(borrower).error_code == "voice_deleted"


def test_bytes_of_a_voice_outlive_the_jobs_that_used_them_and_go_with_it(house: House, tmp_path: Any) -> None:
    voice_id = ready(house)
    check = job_of(house, voice_id)
    keys = {f"voices/{voice_id}/reference", f"jobs/{check}/preview.wav"}
    store = LocalArtifacts(tmp_path)
    for key in (*keys, "voices/lost/reference"):
        store.put_bytes(key, b"x", media_type="audio/wav")
    with house.database.write() as connection:
        retention.delete_job(connection, check)
    garbage.collect(house.database, store)
    garbage.sweep_orphans(house.database, store, older_than=-60.0)
    assert {item.key for item in store.list()} == keys
    garbage.collect_now(house.database, store, VoiceStore(house.database).delete(voice_id))
    assert list(store.list()) == []
    with house.database.read() as reading:
        assert reading.execute(select(notes)).all() == []


def test_lists_are_filtered_and_paged(house: House) -> None:
    store = VoiceStore(house.database)
    names = ("Ada", "ADELE", "Bob")
    ids = [make(house, name, language="en" if name != "Bob" else "fr", labels={"n": name}).id for name in names]
    house.store.cancel(job_of(house, ids[2]))

    def listed(page: Page | None = None, **which: Any) -> list[int]:
        return [ids.index(rows.voice.id) for rows in store.page(VoiceFilter(**which), page or Page(10))]

    assert listed() == [2, 1, 0]
    assert listed(Page(1, after=ids[2])) == [1]
    assert listed(Page(1, before=ids[0])) == [1]
    assert listed(name="ad") == [1, 0]
    assert listed(name="ade") == [1]
    assert listed(languages=("fr",)) == [2]
    assert listed(statuses=("refused",)) == [2]
    assert listed(labels={"n": "Ada"}) == [0]
    assert listed(labels={"n": "Ada"}, languages=("fr",)) == []
    changed = store.change(ids[0], {"name": "Zoe", "labels": {"n": "Zoe"}})
    assert changed.voice.name == "Zoe"
    assert (listed(name="z"), listed(labels={"n": "Ada"})) == ([0], [])
    with pytest.raises(NotFound):
        store.change("voice_none", {"name": "x"})
