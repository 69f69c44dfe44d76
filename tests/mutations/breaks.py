"""Named breaks of the product: what each does wrong, where, and the quickest tests that must notice.

`old` must stand in the file exactly once; if it no longer does, the break is written anew, never dropped.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Break:
    """One mistake that somebody might make."""

    name: str
    path: str
    old: str
    new: str
    #: For pytest.
    tests: tuple[str, ...]
    #: Where a test runs on both databases, the one that it must fail on.
    database: str = "sqlite"
    #: Whether it makes the tests hang: only then is a time-out a test that noticed.
    hangs: bool = False


_CLAIMING = "tests/storage/test_claiming.py::"
_ENDING = "tests/storage/test_ending.py::"
_CHUNKS = "tests/storage/test_chunks.py::"
_DISPATCHING = "tests/storage/test_dispatching.py::"
_LATE = (f"{_CLAIMING}test_whoever_lost_the_step_changes_nothing",)
_ATOMIC = ("tests/storage/test_atomic.py",)
_PROGRESS = "tests/pipelines/test_progress.py::"
# Ends the transaction between two statements of it.
_COMMIT = 'connection.exec_driver_sql("COMMIT")\n    connection.exec_driver_sql("BEGIN")\n    '

BREAKS = (
    Break(
        "a result counts without the fencing number",
        "storage/ending.py",
        'jobs.c.fence == bindparam("under_fence"),',
        'jobs.c.fence >= bindparam("under_fence"),',
        _LATE,
    ),
    Break(
        "a failure counts without the fencing number",
        "storage/ending.py",
        "jobs.c.fence == fence,",
        "jobs.c.fence >= fence,",
        _LATE,
    ),
    Break(
        "a heartbeat renews what another holds",
        "storage/claiming.py",
        'jobs.c.fence == bindparam("under_fence"),',
        'jobs.c.fence >= bindparam("under_fence"),',
        _LATE,
    ),
    Break(
        "chunks count without the fencing number",
        "storage/chunks.py",
        """        jobs.c.id == bindparam("of_job"),
        jobs.c.fence == bindparam("under_fence"),
        jobs.c.phase == Phase.CLAIMED.value,
        jobs.c.status == JobStatus.RUNNING.value,
""",
        """        jobs.c.id == bindparam("of_job"),
        jobs.c.fence >= bindparam("under_fence"),
        jobs.c.phase == Phase.CLAIMED.value,
        jobs.c.status == JobStatus.RUNNING.value,
""",
        (f"{_CHUNKS}test_whoever_lost_the_step_adds_nothing",),
    ),
    Break(
        "chunks are added to what is over",
        "storage/chunks.py",
        """        jobs.c.phase == Phase.CLAIMED.value,
        jobs.c.status == JobStatus.RUNNING.value,
""",
        """        jobs.c.status != JobStatus.QUEUED.value,
""",
        (f"{_CHUNKS}test_whoever_lost_the_step_adds_nothing",),
    ),
    Break(
        "the next attempt speaks from the beginning",
        "workers/steps/showing.py",
        "self._clauses = rows[-1].clauses if rows else 0",
        "self._clauses = 0",
        ("tests/steps/test_showing.py::test_the_next_attempt_goes_on_behind_what_was_shown",),
    ),
    Break(
        "encoded bytes are stored a second time",
        "workers/steps/encoded.py",
        "skipped = min(self.skip, len(made))",
        "skipped = 0",
        ("tests/steps/test_showing.py::test_the_next_attempt_goes_on_behind_what_was_shown",),
    ),
    Break(
        "the state commits apart from its event",
        "storage/ending.py",
        "append(connection, work.job_id, row.seq, row.now, happened)",
        f"{_COMMIT}append(connection, work.job_id, row.seq, row.now, happened)",
        _ATOMIC,
    ),
    Break(
        "the wish to cancel commits apart from its event",
        "storage/cancelling.py",
        "append(connection, job_id, row.seq, row.cancel_requested_at, happened)",
        f"{_COMMIT}append(connection, job_id, row.seq, row.cancel_requested_at, happened)",
        _ATOMIC,
    ),
    Break(
        "returns instead of Ignore",
        "workers/tasks.py",
        "        raise Ignore",
        "        return",
        ("tests/queue/test_publishing.py::test_a_message_that_is_refused_ends_its_chain",),
    ),
    Break(
        "a message of any publication is obeyed",
        "pipelines/progress.py",
        "if publication != standing.publication:",
        "if publication > standing.publication:",
        (f"{_CLAIMING}test_a_message_of_another_publication_is_ignored",),
    ),
    Break(
        "a slot takes over from its own living child",
        "pipelines/progress.py",
        "standing.slot == slot and standing.lease_owner != owner",
        "standing.slot == slot",
        (f"{_CLAIMING}test_one_message_twice_in_one_slot_runs_once",),
    ),
    Break(
        "no lease is ever stale",
        "storage/outcomes.py",
        "jobs.c.lease_until < db_now()",
        "jobs.c.lease_until < 0.0",
        (f"{_ENDING}test_only_leases_that_ran_out_are_stale",),
    ),
    Break(
        "a step that is handed back is charged",
        "storage/ending.py",
        "Retry(0.0, job.charged), None,",
        'Retry(0.0, {**job.charged, "lost": job.charged.get("lost", 0) + 1}), None,',
        (f"{_ENDING}test_a_step_that_is_handed_back_is_due_at_once_and_charged_to_nobody",),
    ),
    Break(
        "what is being cancelled may succeed",
        "storage/ending.py",
        "jobs.c.status == JobStatus.RUNNING.value,",
        "jobs.c.status != JobStatus.QUEUED.value,",
        (f"{_ENDING}test_a_result_that_comes_after_the_cancellation_does_not_count",),
    ),
    Break(
        "a key is good for any body",
        "storage/submitting.py",
        "if row.fingerprint != used.fingerprint:",
        "if not row.fingerprint:",
        ("tests/storage/test_submitting.py::test_the_same_key_with_another_body_is_refused",),
    ),
    Break(
        "positions follow ids instead of commits",
        "storage/dispatch.py",
        '(bindparam("last", type_=BigInteger()) + func.row_number().over(order_by=events.c.id))',
        "(events.c.id + 0)",
        ("tests/storage/test_events.py::test_an_event_that_commits_late_comes_behind_what_was_numbered",),
        # SQLite has one writer, so its ids follow its commits.
        database="postgresql",
    ),
    Break(
        "sends before the commit",
        "workers/dispatcher.py",
        "chains = dispatch.publish(writing, picked, self._admission.out_of_turn)\n",
        "chains = dispatch.publish(writing, picked, self._admission.out_of_turn)\n"
        "                    self._send(lead, chains)\n",
        ("tests/queue/test_publishing.py::test_nothing_is_sent_that_is_not_committed",),
    ),
    Break(
        "a former leader writes",
        "storage/leadership.py",
        'select(dispatcher.c.fence).where(dispatcher.c.fence == bindparam("under_fence"))',
        'select(dispatcher.c.fence).where(dispatcher.c.fence >= bindparam("under_fence"))',
        (f"{_DISPATCHING}test_a_former_leader_can_neither_publish_nor_number_nor_renew",),
    ),
    Break(
        "a webhook has another id with each attempt",
        "storage/due.py",
        "        id=row.id,",
        '        id=f"{row.id}{row.attempts}",',
        ("tests/storage/test_deliveries.py::test_the_ladder_of_attempts_keeps_one_id",),
    ),
    Break(
        "what a former sender says of a webhook counts",
        "storage/attempted.py",
        'webhook_deliveries.c.fence == bindparam("under_fence"),',
        'webhook_deliveries.c.fence >= bindparam("under_fence"),',
        ("tests/storage/test_deliveries.py::test_a_former_sender_changes_nothing_while_another_sends",),
    ),
    Break(
        "all try again at the same moment",
        "pipelines/progress.py",
        "random.uniform(0.0, ceiling)",
        "ceiling",
        (f"{_PROGRESS}test_delays_grow_and_are_spread",),
    ),
    Break(
        "one try more than the budget",
        "pipelines/progress.py",
        "if count >= BUDGETS[cause]:",
        "if count > BUDGETS[cause]:",
        (f"{_PROGRESS}test_each_cause_has_its_budget",),
    ),
    Break(
        "admission looks at the first queue only",
        "pipelines/places.py",
        "full = [queue for queue in later if",
        "full = [queue for queue in later[:0] if",
        ("tests/pipelines/test_dispatching.py",),
    ),
    Break(
        "a result counts after the deadline",
        "storage/ending.py",
        "or_(jobs.c.deadline_at.is_(None), jobs.c.deadline_at > db_now()),",
        "or_(jobs.c.deadline_at.is_(None), jobs.c.deadline_at > 0.0),",
        ("tests/storage/test_deadlines.py::test_a_result_that_comes_after_the_deadline_does_not_count",),
    ),
    Break(
        "what is taken over is counted twice as waiting",
        "storage/ending.py",
        "    backlog.leave(connection, job.submitter, job.cost)\n    return True",
        "    return True",
        ("tests/storage/test_backlog.py::test_counters_agree_after_every_move",),
    ),
)
