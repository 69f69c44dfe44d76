from hypothesis import given
from hypothesis import strategies as st

from harmony.sse import ServerSentEvent, parse_events


def test_fields_comments_and_several_lines_of_data() -> None:
    text = ": hello\nid: 1\nevent: job.queued\ndata: {\ndata: }\n\ndata:bare\n\n"
    assert list(parse_events(text.split("\n"))) == [
        ServerSentEvent("job.queued", "{\n}", "1"),
        ServerSentEvent("message", "bare", "1"),
    ]


def test_an_event_without_data_or_without_its_empty_line_is_not_an_event() -> None:
    assert list(parse_events(["event: job.queued", "", "id: 2", "data: half"])) == []


def test_an_id_with_a_null_and_an_unknown_field_are_ignored() -> None:
    assert list(parse_events(["id: 1\0", "retry: 5", "data", ""])) == [ServerSentEvent("message", "", None)]


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\r\n\0")).map(lambda text: text + "."), min_size=1))
def test_what_is_written_is_read_back(lines: list[str]) -> None:
    stream = [*(f"data: {line}" for line in lines), ""]
    assert [event.data for event in parse_events(stream)] == ["\n".join(lines)]
