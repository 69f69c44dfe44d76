"""Endpoints in rows: worked off in portions, forgotten in time, safe under concurrent changes; on both databases."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text, update

from pipelines.delivering import GIVE_UP_SECONDS, OPEN_AFTER
from pipelines.errors import Conflict, NotFound
from pipelines.ids import first_id_at, new_id
from storage import breakers, pauses, webhook_upkeep
from storage.database import db_now
from storage.deliveries import DeliveryStore, Whose
from storage.due import valid_secrets
from storage.endpoints import EndpointStore, MadeEndpoint, NewEndpoint
from storage.leadership import leading
from storage.submitting import Idempotency
from storage.tables_counts import paused_queues
from storage.tables_webhooks import webhook_deliveries, webhook_endpoints, webhook_replays, webhook_targets
from storage.webhook_upkeep import GIVEN_UP, PORTION
from storage.webhooks import DeliveryResult, WebhookStore
from tests.storage.house import House, at_once
from workers.webhook_upkeep import WebhookUpkeep

MANY = 2 * PORTION + 300
DAY = 86400.0


@pytest.fixture
def endpoints(house: House) -> EndpointStore:
    return EndpointStore(house.database)


def made(endpoints: EndpointStore, key: str | None = None) -> MadeEndpoint:
    used = None if key is None else Idempotency(key, "print")
    return endpoints.create(NewEndpoint("https://example.org/hook", (), "", None, used))


def add(house: House, endpoint_id: str | None, status: str, count: int = MANY, **more: Any) -> None:
    same = {"seq": 1, "type": "job.queued", "url": "https://example.org/", "body": "{}", "status": status}
    same |= {"endpoint_id": endpoint_id, "target": endpoint_id, "tries": 10, "created_at": 0.0, "next_at": 0.0, **more}
    with house.database.write() as connection:
        connection.execute(insert(webhook_deliveries), [{"id": new_id("msg"), **same} for _ in range(count)])


def statuses(house: House, endpoint_id: str) -> dict[str, int]:
    with house.database.read() as connection:
        query = select(webhook_deliveries.c.status, func.count()).group_by(webhook_deliveries.c.status)
        rows = connection.execute(query.where(webhook_deliveries.c.endpoint_id == endpoint_id))
        return {row[0]: row[1] for row in rows}


def work_off(house: House) -> list[int]:
    """Portions until there is nothing to do; how many rows each changed."""
    portions: list[int] = []
    while True:
        with house.database.read() as reading:
            if not webhook_upkeep.there_is_upkeep(reading):
                return portions
        with leading(house.database, house.lead) as connection:
            portions.append(webhook_upkeep.keep_up(connection))
        assert len(portions) < 20


def test_there_is_nothing_to_do_without_endpoints(house: House) -> None:
    house.submit(webhook={"url": "https://example.org/", "events": ["job.queued"], "secret": None})
    assert work_off(house) == []


def test_thousands_are_held_and_resumed_in_portions(house: House, endpoints: EndpointStore) -> None:
    mine, other = made(endpoints).row.id, made(endpoints).row.id
    add(house, mine, "pending")
    add(house, other, "pending", 5)
    assert work_off(house) == []
    endpoints.change(mine, {}, enabled=False)
    assert work_off(house) == [PORTION, PORTION, MANY - 2 * PORTION]
    assert statuses(house, mine) == {"held": MANY}
    assert statuses(house, other) == {"pending": 5}
    endpoints.enable(mine)
    assert sum(work_off(house)) == MANY
    assert statuses(house, mine) == {"pending": MANY}


def test_an_attempt_under_way_is_not_held(house: House, endpoints: EndpointStore) -> None:
    mine = made(endpoints).row.id
    add(house, mine, "pending", 1, claimed_until=time.time() + 20.0)
    endpoints.change(mine, {}, enabled=False)
    with leading(house.database, house.lead) as connection:
        webhook_upkeep.keep_up(connection)
    assert statuses(house, mine) == {"pending": 1}


def test_thousands_are_sent_again_in_portions(house: House, endpoints: EndpointStore) -> None:
    mine, other = made(endpoints).row.id, made(endpoints).row.id
    add(house, mine, "failed")
    add(house, mine, "delivered", 7)
    add(house, other, "failed", 3)
    ordered = DeliveryStore(house.database).replay(mine, time.time() - 3600.0, everything=False)
    assert ordered.matching == MANY
    add(house, mine, "failed", 2)
    assert [portion for portion in work_off(house) if portion] == [PORTION, PORTION, MANY - 2 * PORTION]
    assert statuses(house, mine) == {"pending": MANY, "delivered": 7, "failed": 2}
    assert statuses(house, other) == {"failed": 3}
    with house.database.read() as connection:
        assert connection.execute(select(webhook_replays)).all() == []
        tries = connection.scalars(select(webhook_deliveries.c.tries).where(webhook_deliveries.c.status == "pending"))
        assert set(tries) == {0}


def test_a_count_has_an_end(house: House, endpoints: EndpointStore) -> None:
    mine = made(endpoints).row.id
    add(house, mine, "failed", 10_001)
    assert DeliveryStore(house.database).replay(mine, 0.0, everything=True).matching == "10000+"


def test_a_deleted_endpoint_goes_with_thousands_of_deliveries(house: House, endpoints: EndpointStore) -> None:
    mine, other = made(endpoints, "key").row.id, made(endpoints).row.id
    add(house, mine, "delivered")
    add(house, other, "delivered", 2)
    endpoints.delete(mine)
    with pytest.raises(NotFound):
        endpoints.get(mine)
    assert not made(endpoints, "key").replayed, "the key is free again"
    work_off(house)
    assert statuses(house, mine) == {}
    assert statuses(house, other) == {"delivered": 2}
    with house.database.read() as connection:
        assert mine not in set(connection.scalars(select(webhook_endpoints.c.id)))


def test_the_log_keys_and_silent_targets_are_forgotten_in_time(house: House, endpoints: EndpointStore) -> None:
    mine = made(endpoints, "old").row.id
    made(endpoints, "new")
    now = time.time()
    old = first_id_at("msg", now - 40 * DAY)
    rows = (("a", "delivered", 35.0), ("b", "failed", 35.0), ("c", "delivered", 1.0), ("d", "pending", None))
    for letter, status, ended in rows:
        finished_at = None if ended is None else now - ended * DAY
        add(house, mine, status, 1, finished_at=finished_at)
        with house.database.write() as connection:
            newest = select(func.max(webhook_deliveries.c.id)).scalar_subquery()
            change = update(webhook_deliveries).where(webhook_deliveries.c.id == newest)
            connection.execute(change.values(id=f"{old}{letter}"))
    with house.database.write() as connection:
        connection.execute(
            update(webhook_endpoints).where(webhook_endpoints.c.id == mine).values(created_at=db_now() - 2 * DAY)
        )
        for name, age in (("silent", 2 * DAY), ("lively", 60.0)):
            same = {"failures": 1, "seconds": 0.1, "updated_at": now - age}
            connection.execute(insert(webhook_targets).values(target=name, **same))
        webhook_upkeep.forget(connection, 30 * DAY, DAY)
    assert statuses(house, mine) == {"delivered": 1, "pending": 1}, "what ended late or has not ended is kept"
    with house.database.read() as connection:
        assert list(connection.scalars(select(webhook_targets.c.target))) == ["lively"]
    assert not made(endpoints, "old").replayed
    assert made(endpoints, "new").replayed


def test_a_key_at_once_makes_one_endpoint(endpoints: EndpointStore) -> None:
    results = at_once(*(partial(made, endpoints, "once") for _ in range(4)))
    ones = [each for each in results if isinstance(each, MadeEndpoint)]
    assert len(ones) == 4, results
    assert len({one.row.id for one in ones}) == len({one.secret for one in ones}) == 1
    assert sorted(one.replayed for one in ones) == [False, True, True, True]


def test_secrets_given_at_once_all_count(endpoints: EndpointStore) -> None:
    mine = made(endpoints)
    results = at_once(*(partial(endpoints.rotate, mine.row.id, None, 60.0) for _ in range(3)))
    rotated = [each for each in results if isinstance(each, MadeEndpoint)]
    assert len(rotated) == 3, results
    row = endpoints.get(mine.row.id)
    assert set(valid_secrets(row.secrets, row.now)) == {mine.secret, *(one.secret for one in rotated)}
    assert valid_secrets(row.secrets, row.now + 61.0) == (row.secrets[0]["secret"],)
    endpoints.rotate(mine.row.id, None, 60.0)
    with pytest.raises(Conflict) as caught:
        endpoints.rotate(mine.row.id, None, 60.0)
    assert caught.value.code == "too_many_secrets"


def test_what_still_goes_on_is_not_sent_again(house: House, endpoints: EndpointStore) -> None:
    mine = made(endpoints).row.id
    add(house, mine, "pending", 1)
    with house.database.read() as connection:
        delivery_id = connection.scalar(select(webhook_deliveries.c.id)) or ""
    with pytest.raises(Conflict) as caught:
        DeliveryStore(house.database).redeliver(Whose(endpoint=mine), delivery_id)
    assert caught.value.code == "delivery_not_ended"
    with pytest.raises(NotFound):
        DeliveryStore(house.database).redeliver(Whose(endpoint=mine), new_id("msg"))


def test_a_result_and_a_change_do_not_wait_for_each_other_in_a_circle(house: House, endpoints: EndpointStore) -> None:
    """Whoever changes an endpoint has its row, then its target's: whoever writes a result has to come in that order."""
    hooks, mine = WebhookStore(house.database), made(endpoints).row.id
    add(house, mine, "pending", 2, tries=0)
    first, second = hooks.claim()
    hooks.record(first, DeliveryResult(503, None))
    with ThreadPoolExecutor(1) as threads:
        with house.database.write() as changing:
            changing.execute(update(webhook_endpoints).where(webhook_endpoints.c.id == mine).values(description="new"))
            recording = threads.submit(hooks.record, second, DeliveryResult(503, None))
            wait_for_a_lock(house)
            breakers.forget(changing, mine)
        recording.result(10)
    assert endpoints.get(mine).failures == 1
    assert endpoints.get(mine).description == "new"


def wait_for_a_lock(house: House) -> None:
    """Until a statement waits for another's lock; on SQLite that is so by itself."""
    give_up = time.monotonic() + 10.0
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    while not house.database.is_sqlite:
        with house.database.read() as connection:
            if connection.scalar(waiting):
                return
        assert time.monotonic() < give_up, "nothing waits"
        time.sleep(0.01)


def test_however_long_the_log_has_grown_it_is_forgotten(house: House, endpoints: EndpointStore) -> None:
    mine = made(endpoints).row.id
    add(house, mine, "delivered", finished_at=time.time() - 40 * DAY)
    with house.database.write() as connection:
        aged = func.replace(webhook_deliveries.c.id, "msg_", f"{first_id_at('msg', time.time() - 40 * DAY)}")
        connection.execute(update(webhook_deliveries).values(id=aged))
    upkeep = WebhookUpkeep(house.database, 30.0)
    left = []
    for _ in range(4):
        upkeep.each_second(house.lead)
        left.append(statuses(house, mine).get("delivered", 0))
    assert left == [MANY - PORTION, MANY - 2 * PORTION, 0, 0]


def test_what_waits_in_vain_for_a_jobs_receiver_is_given_up(
    house: House, endpoints: EndpointStore, caplog: pytest.LogCaptureFixture
) -> None:
    mine = made(endpoints).row.id
    long_ago, now = time.time() - GIVE_UP_SECONDS - 60.0, time.time()
    with house.database.write() as connection:
        for name, failures in (("dead", 20), (mine, 20), ("busy", OPEN_AFTER - 1)):
            same = {"failures": failures, "seconds": 0.1, "updated_at": now, "open_until": now + 600.0}
            connection.execute(insert(webhook_targets).values(target=name, **same))
    add(house, mine, "pending", 3, next_at=long_ago)
    add(house, None, "pending", PORTION + 5, next_at=long_ago, target="dead")
    add(house, None, "pending", 4, next_at=long_ago, target="busy")
    add(house, None, "pending", 2, next_at=now, target="dead")
    add(house, None, "pending", 1, next_at=long_ago, claimed_until=now + 20.0, target="dead")
    upkeep = WebhookUpkeep(house.database, 30.0)
    for _ in range(3):
        upkeep.each_second(house.lead)
    with house.database.read() as connection:
        columns = (webhook_deliveries.c.target, webhook_deliveries.c.status, webhook_deliveries.c.last_error)
        rows = connection.execute(select(*columns, func.count()).group_by(*columns)).all()
    assert {(row[0], row[1], row[2]): row[3] for row in rows} == {
        ("dead", "failed", GIVEN_UP): PORTION + 5,
        ("dead", "pending", None): 3,
        ("busy", "pending", None): 4,
        (mine, "pending", None): 3,
    }
    assert "webhooks_given_up count=1000" in caplog.text


def test_a_pause_is_no_part_of_how_long_an_endpoint_has_failed(house: House, endpoints: EndpointStore) -> None:
    early, late, well = (made(endpoints).row.id for _ in range(3))
    pauses.pause(house.database, "webhook")
    with house.database.write() as connection:
        connection.execute(update(paused_queues).values(paused_at=db_now() - 1000))
        for endpoint_id, age in ((early, 1200), (late, 400)):
            failing = update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id)
            connection.execute(failing.values(failing_since=db_now() - age))
    # A second resume moves nothing on.
    for _ in range(2):
        pauses.resume(house.database, "webhook")
    with house.database.read() as connection:
        failing_for = db_now() - webhook_endpoints.c.failing_since
        ages = {row.id: row.age for row in connection.execute(select(webhook_endpoints.c.id, failing_for.label("age")))}
    assert ages[early] == pytest.approx(200, abs=20)
    assert ages[late] == pytest.approx(0, abs=20)
    assert ages[well] is None
