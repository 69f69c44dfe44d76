"""Subtitles: what fits on a screen, in time and in columns, and the two formats."""

from __future__ import annotations

import itertools
import random
import time
from typing import Any

import pytest

from pipelines.subtitles import COLUMNS, LINES, LONGEST_SECONDS, Cue, columns, cues, srt, vtt

SENTENCE = "The quick brown fox jumps over the lazy dog, and then it rests under a tall tree until the evening comes."


def spoken(text: str, start: float = 0.0, pace: float = 0.3, gap: float = 0.05) -> dict[str, Any]:
    """A segment whose words follow each other."""
    words = []
    at = start
    for word in text.split():
        words.append({"word": word, "start": round(at, 3), "end": round(at + pace - gap, 3), "probability": 0.9})
        at += pace
    return {"id": 0, "start": start, "end": words[-1]["end"], "text": text, "words": words}


def check(found: list[Cue]) -> None:
    """What holds for all subtitles."""
    for cue in found:
        assert 1 <= len(cue.lines) <= LINES
        assert all(0 < columns(line) <= COLUMNS for line in cue.lines), cue
        assert all(line == line.strip() for line in cue.lines)
        assert 0 < cue.end - cue.start <= LONGEST_SECONDS + 1e-6
    for cue, following in itertools.pairwise(found):
        assert cue.end <= following.start + 1e-6


def said(found: list[Cue]) -> str:
    return " ".join(line for cue in found for line in cue.lines)


def test_a_long_sentence_is_cut_where_clauses_end() -> None:
    found = cues([spoken(SENTENCE)])
    check(found)
    assert said(found) == SENTENCE
    assert found[0].lines == ("The quick brown fox", "jumps over the lazy dog,")
    assert found[0].start == 0.0
    # The time of the word that it ends with.
    assert found[0].end == pytest.approx(8 * 0.3 + 0.25)
    assert found[1].start == pytest.approx(9 * 0.3)


def test_a_short_one_is_one_line() -> None:
    [cue] = cues([spoken("Hello there.", start=1.0)])
    assert cue == Cue(1.0, 2.0, ("Hello there.",))


def test_a_pause_and_a_sentence_end_a_subtitle() -> None:
    before, after = spoken("One two"), spoken("three four", start=3.0)
    together = {**before, "end": after["end"], "text": "One two three four", "words": before["words"] + after["words"]}
    assert [cue.lines for cue in cues([together])] == [("One two",), ("three four",)]
    sentences = spoken("This is the first sentence. Here is another.")
    assert [cue.lines for cue in cues([sentences])] == [("This is the first sentence.",), ("Here is another.",)]
    # Too short to stand alone.
    assert len(cues([spoken("Yes. No. Maybe.")])) == 1


def test_slow_speech_is_cut_by_time() -> None:
    found = cues([spoken("one two three four five six", pace=2.0, gap=0.5)])
    check(found)
    assert len(found) == 2
    slow = cues([spoken("eternity", pace=30.0)])
    assert slow[0].end == LONGEST_SECONDS


def test_without_word_times_they_follow_from_the_text() -> None:
    found = cues([{"start": 10.0, "end": 22.0, "text": SENTENCE}, {"start": 22.0, "end": 22.2, "text": "Yes."}])
    check(found)
    assert said(found) == f"{SENTENCE} Yes."
    assert found[0].start == 10.0
    assert found[-1].end == pytest.approx(23.0)
    share = len("The quick brown fox jumps over the lazy dog,") / len(SENTENCE)
    assert found[0].end == pytest.approx(10 + 12 * share, abs=0.3)


def test_text_without_spaces_is_cut_between_characters() -> None:
    text = "昨日は雨が降っていたので、家で本を読んでいました。今日は晴れていますから、公園まで散歩に行くつもりです。"
    found = cues([{"start": 0.0, "end": 12.0, "text": text}])
    check(found)
    assert "".join(line for cue in found for line in cue.lines) == text
    assert not any(line[0] in "、。" for cue in found for line in cue.lines)
    words = [
        {"word": character, "start": number * 0.2, "end": number * 0.2 + 0.2} for number, character in enumerate(text)
    ]
    timed = cues([{"start": 0.0, "end": 12.0, "text": text, "words": words}])
    check(timed)
    assert "".join(line for cue in timed for line in cue.lines) == text


def test_a_word_wider_than_a_line_is_cut() -> None:
    found = cues([spoken("look at https://example.org/" + "x" * 150 + " please", pace=1.0)])
    check(found)
    assert said(found).replace(" ", "") == "lookathttps://example.org/" + "x" * 150 + "please"


def test_what_a_recogniser_may_make_of_it() -> None:
    segments = [
        {"start": 5.0, "end": 4.0, "text": "backwards"},
        {"start": 4.5, "end": 6.0, "text": "over  another\x07\n\nline"},
        {"start": 6.0, "end": 6.0, "text": "   "},
        {
            "start": 7.0,
            "end": 7.0,
            "text": "at once",
            "words": [
                {"word": "at", "start": 7, "end": 7},
                {"word": "", "start": 7, "end": 7},
                {"word": "once", "start": 7, "end": 6},
            ],
        },
    ]
    found = cues(segments)
    check(found)
    assert said(found) == "over another line backwards at once"
    assert cues([]) == []


def test_any_speech_fits() -> None:
    chance = random.Random(7)
    for _ in range(100):
        words = ["".join(chance.choices("abcdefgh,.!?", k=chance.randint(1, 14))) for _ in range(chance.randint(1, 60))]
        segment = spoken(" ".join(words), pace=chance.uniform(0.05, 2.5), gap=chance.uniform(0, 0.04))
        found = cues([segment])
        check(found)
        assert said(found) == segment["text"]


def test_four_hours_take_little_time() -> None:
    """The API makes them when they are asked for."""
    segments = [spoken(SENTENCE, start=number * 7.0) for number in range(2000)]
    began = time.process_time()
    check(cues(segments))
    assert time.process_time() - began < 5


def test_subrip() -> None:
    shown = [Cue(0.0, 1.5, ("Hello", "there & <you>")), Cue(3661.0015, 3662.9999, ("Bye",))]
    assert srt(shown) == (
        "1\n00:00:00,000 --> 00:00:01,500\nHello\nthere & <you>\n\n2\n01:01:01,002 --> 01:01:03,000\nBye\n"
    )
    assert srt([]) == ""


def test_webvtt() -> None:
    shown = [Cue(0.0, 1.5, ("Hello", "there & <you> --> me")), Cue(360_000.0, 360_001.0, ("Bye",))]
    assert vtt(shown) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello\nthere &amp; &lt;you&gt; --&gt; me\n\n"
        "100:00:00.000 --> 100:00:01.000\nBye\n"
    )
    assert vtt([]) == "WEBVTT\n"
