"""Named places at which a test can end or freeze a process: exactly there, once, the n-th time it is reached.

Only where HARMONY_FAILPOINT_DIR names a folder when the process starts; everywhere else `reach` does nothing. A test
arms a place by writing a file of its name into the folder. Whichever process takes the last of its turns removes the
file, writes down that it was there, and acts: its successor finds nothing armed. Processes that share a folder share
what is armed in it, so a test that means one of them gives that one a folder of its own.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self

#: The environment variable, which a `.env` file cannot set.
VARIABLE = "HARMONY_FAILPOINT_DIR"

_FIRED = ".fired"


class _Told(StrEnum):
    """A name, and a sentence about it."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member


class Place(_Told):
    """Places between transactions."""

    INPUT_STORED = "input_stored", "The API has stored a job's recording; no row knows of it."
    SENT_ONE = "sent_one", "The dispatcher has sent one of the chains that it committed as published."
    SENT_ALL = "sent_all", "The dispatcher has sent all of them."
    CHUNK = "chunk", "A step is in the middle of its work."
    OUTPUT_STORED = "output_stored", "A step's results lie in the store; no row knows of them."
    RETURNED = "returned", "A step's rows are written; its chain has not moved on, its message is not acknowledged."
    CONTINUED = "continued", "The chain's next message is sent; this one is not acknowledged."
    OVERSTAY = "overstay", "A slot's parent has found that its child does not stop; it has not ended it yet."
    BYTES_REMOVED = (
        "bytes_removed",
        "The janitor has removed bytes from the store; the note that says so is still there.",
    )
    WEBHOOK_SENDING = "webhook_sending", "A webhook message is claimed and about to be sent."
    WEBHOOK_SENT = "webhook_sent", "The receiver has answered; nothing is written about it."


class Commit(_Told):
    """Transactions: `reach` is called with BEFORE when all is written, with AFTER when it is committed."""

    SUBMIT = "submit", "A job is accepted; the answer is sent after it."
    CANCEL = "cancel", "A job's cancellation is written down."
    DELETE = "delete", "A finished job is removed with all that belongs to it."
    LEAD = "lead", "A dispatcher takes the lead."
    KEEP_LEAD = "keep_lead", "It keeps the lead, each second."
    PUBLISH = "publish", "Waiting jobs get their publication numbers; their chains are sent after it."
    NUMBER = "number", "Events get their positions."
    REPUBLISH = "republish", "Jobs whose messages are lost get new publication numbers."
    EXPIRE = "expire", "Jobs whose deadline has passed expire, or are asked to stop."
    REMOVE_RESULTS = "remove_results", "What a job took and made was kept for long enough; its bytes are removed later."
    CLAIM = "claim", "A step is leased to a slot."
    RENEW = "renew", "A claim's lease is renewed, by a thread beside the step."
    CHUNKS = "chunks", "What a step has made so far becomes visible, while it goes on."
    COMPLETE = "complete", "A step has succeeded: its results become visible, the job moves on or ends."
    FAIL = "fail", "A step has failed: it is put back, or the job ends."
    STOP = "stop", "A step has stopped as it was asked to; the job ends."
    LOSE = "lose", "A step is taken back from a slot that is gone, or from a child that was just ended."
    HAND_BACK = "hand_back", "A slot that is to end gives back a step that does not end in time."
    BEAT = "beat", "A slot's parent says that the slot lives."
    TAKE_WEBHOOKS = "take_webhooks", "Due webhook messages are claimed."
    RECORD_WEBHOOK = "record_webhook", "What became of a webhook message is written down."


BEFORE, AFTER = ".before_commit", ".after_commit"


def spots() -> dict[str, str]:
    """Every name that can be armed, with a sentence."""
    return {str(place): place.sentence for place in Place} | {
        f"{commit}{moment}": f"{'Before' if moment == BEFORE else 'After'} the commit: {commit.sentence}"
        for commit in Commit
        for moment in (BEFORE, AFTER)
    }


class Action(StrEnum):
    """What happens to the process."""

    KILL = "kill"
    #: Frozen in all its threads, heartbeats included, until somebody sends SIGCONT.
    FREEZE = "freeze"


_SIGNALS = {Action.KILL: signal.SIGKILL, Action.FREEZE: signal.SIGSTOP}


@dataclass(frozen=True)
class Fired:
    """Which process was hit, and when (seconds since the epoch)."""

    pid: int
    at: float


def arm(folder: Path, spot: str, action: Action = Action.KILL, turn: int = 1) -> None:
    """The process that reaches `spot` for the `turn`-th time from now on is hit; ValueError for an unknown spot."""
    if spot not in spots():
        raise ValueError(f"there is no failpoint {spot}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{spot}{_FIRED}").unlink(missing_ok=True)
    _write(folder / spot, {"action": action, "turn": turn})


def disarm(folder: Path, spot: str) -> None:
    """Whatever was armed there is no longer."""
    (folder / spot).unlink(missing_ok=True)


def fired(folder: Path, spot: str) -> Fired | None:
    """Who was hit since the spot was armed last; None while nobody was."""
    try:
        return Fired(**json.loads((folder / f"{spot}{_FIRED}").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


class Reach(Protocol):
    """Says that a place was reached; for a Commit also the moment, BEFORE or AFTER."""

    def __call__(self, place: Place | Commit, moment: str = "", /) -> None: ...


def _pass(_place: Place | Commit, _moment: str = "", /) -> None:
    pass


def reaching(folder: Path) -> Reach:
    """A `reach` that does what is armed in `folder`."""

    def reach(place: Place | Commit, moment: str = "", /) -> None:
        action = _take_turn(folder, f"{place}{moment}")
        if action is not None:
            os.kill(os.getpid(), _SIGNALS[action])

    return reach


def _take_turn(folder: Path, spot: str) -> Action | None:
    """What to do now, if this was the last turn."""
    try:
        file = (folder / spot).open("r+", encoding="utf-8")
    except FileNotFoundError:
        return None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink == 0:
            # Another process took the last turn while this one waited for the lock, or it was disarmed.
            return None
        armed = json.load(file)
        if armed["turn"] > 1:
            file.seek(0)
            json.dump({**armed, "turn": armed["turn"] - 1}, file)
            file.truncate()
            return None
        _write(folder / f"{spot}{_FIRED}", asdict(Fired(os.getpid(), time.time())))
        (folder / spot).unlink()
        return Action(armed["action"])


def _write(path: Path, content: object) -> None:
    """Appears whole or not at all: others look for it all the time."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(path)


_folder = os.environ.get(VARIABLE)

ENABLED = bool(_folder)

reach: Reach = reaching(Path(_folder)) if _folder else _pass
