"""Webhook endpoints over HTTP, with a real sender and a real receiver."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook, WebhookVerificationError

from pipelines.signing import new_secret
from storage.database import db_now
from storage.tables_webhooks import webhook_deliveries, webhook_endpoints
from tests.api.post import Post
from tests.api.site import Site, serving
from tests.webhooks.receivers import Answer, receiving


@pytest.fixture
def post(database_url: str, tmp_path: Path) -> Iterator[Post]:
    with receiving() as receiver, serving(database_url, tmp_path, egress_allow=receiver.address) as site:
        site.beat()
        yield Post(site, receiver)


def fail(post: Post, path: str = "/hook", status: int = 404) -> None:
    post.receiver.answers[path] = Answer(status)


def mend(post: Post, path: str = "/hook") -> None:
    del post.receiver.answers[path]


def an_hour_ago() -> str:
    return (datetime.now(UTC) - timedelta(hours=1)).isoformat()


def test_an_endpoint_is_told_of_every_move_exactly_once(post: Post) -> None:
    endpoint = post.create()
    job = post.site.submit(labels={"project": "demo"})
    post.site.complete(job["id"])
    assert post.dispatch() > 0
    assert post.dispatch() == 0
    post.send()
    told = sorted(post.receiver.messages, key=lambda message: message.content["sequence"])
    # All are told after the end, and yet each says what its event says.
    assert [(m.content["type"], m.content["data"]["status"]) for m in told] == [
        ("job.queued", "queued"),
        ("job.started", "running"),
        ("job.succeeded", "succeeded"),
    ]
    queued, started, succeeded = (m.content["data"] for m in told)
    assert (queued["started_at"], queued["finished_at"], started["finished_at"]) == (None, None, None)
    assert started["started_at"] == succeeded["started_at"] is not None
    assert succeeded["finished_at"] is not None
    assert queued["labels"] == {"project": "demo"}
    assert queued["links"]["self"] == f"{post.site.settings.public_url}/v1/jobs/{job['id']}"
    webhook = Webhook(endpoint["secret"])
    assert all(webhook.verify(m.body, dict(m.headers)) == m.content for m in told)
    assert len({m.id for m in told}) == 3
    assert {row["id"] for row in post.listed(endpoint)} == {m.id for m in told}


def test_only_what_was_asked_for_is_told_and_only_from_now_on(post: Post) -> None:
    post.site.submit()
    post.dispatch()
    ends = post.create("/ends", events=["job.cancelled"])
    every = post.create("/every")
    job = post.site.submit()
    post.site.http.post(f"/v1/jobs/{job['id']}/cancel")
    post.send()
    assert [m.content["type"] for m in post.receiver.of("/ends")] == ["job.cancelled"]
    assert sorted(m.content["type"] for m in post.receiver.of("/every")) == ["job.cancelled", "job.queued"]
    ids = [post.listed(endpoint, type="job.cancelled")[0]["id"] for endpoint in (ends, every)]
    assert ids[0] != ids[1], "one id for each event and endpoint"


def test_nothing_is_written_where_nobody_listens(post: Post) -> None:
    post.site.submit()
    assert post.dispatch() == 1
    with post.site.database.read() as connection:
        assert connection.execute(select(webhook_deliveries)).all() == []


def test_the_secret_is_shown_only_by_those_who_make_it(post: Post) -> None:
    given = new_secret()
    made, brought = post.create(), post.create(secret=given)
    assert made["secret"].startswith("whsec_")
    assert brought["secret"] == given
    rotated = post.order(f"/v1/webhooks/{made['id']}/rotate-secret", 200)
    post.site.submit()
    post.send()
    secrets = {made["secret"], given, rotated["secret"]}
    assert len(secrets) == 3
    itself = f"/v1/webhooks/{made['id']}"
    answers = [
        json.dumps(post.get("/v1/webhooks")),
        json.dumps(post.get(itself)),
        post.site.http.patch(itself, json={"description": "x"}).text,
        json.dumps(post.order(f"{itself}/enable", 200)),
        json.dumps(post.order(f"{itself}/test", 202)),
        json.dumps([post.log(delivery) for delivery in post.listed(made)]),
        post.site.http.post("/v1/webhooks", json={"url": post.receiver.url(), "secret": given + "!"}).text,
    ]
    assert not [secret for secret in secrets for answer in answers if secret in answer or secret[6:] in answer]


def test_both_secrets_count_while_they_rotate(post: Post) -> None:
    made = post.create(events=["job.queued"])
    rotated = post.order(f"/v1/webhooks/{made['id']}/rotate-secret", 200, overlap_seconds=3600)
    assert rotated["older_secrets_until"] is not None
    post.site.submit()
    post.send()
    (message,) = post.receiver.of("/hook")
    signatures = message.headers["webhook-signature"].split(" ")
    assert len(signatures) == 2
    for secret, signature in zip((rotated["secret"], made["secret"]), signatures, strict=True):
        Webhook(secret).verify(message.body, {**message.headers, "webhook-signature": signature})
    with post.site.database.read() as connection:
        (secrets,) = connection.execute(select(webhook_endpoints.c.secrets)).one()
        now = connection.scalar(select(db_now()))
    assert now is not None
    post.set(made, secrets=[secrets[0], {**secrets[1], "until": now - 1.0}])
    post.site.submit()
    post.send()
    later = post.receiver.of("/hook")[1]
    assert Webhook(rotated["secret"]).verify(later.body, dict(later.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(later.body, dict(later.headers))
    assert post.get(f"/v1/webhooks/{made['id']}")["older_secrets_until"] is None


def test_a_secret_can_end_at_once(post: Post) -> None:
    made = post.create(events=["job.queued"])
    fresh = new_secret()
    post.order(f"/v1/webhooks/{made['id']}/rotate-secret", 200, overlap_seconds=0, secret=fresh)
    post.site.submit()
    post.send()
    (message,) = post.receiver.of("/hook")
    assert len(message.headers["webhook-signature"].split(" ")) == 1
    assert Webhook(fresh).verify(message.body, dict(message.headers))


def test_a_test_message_takes_the_common_way_and_is_logged(post: Post) -> None:
    endpoint = post.create()
    post.receiver.answers["/hook"] = Answer(200, {"x-seen": "yes"}, b"a" * 3000)
    delivery = post.order(f"/v1/webhooks/{endpoint['id']}/test", 202)
    assert (delivery["type"], delivery["status"], delivery["job_id"]) == ("webhook.test", "pending", None)
    assert delivery["next_attempt_at"] == delivery["created_at"]
    post.send()
    (message,) = post.receiver.of("/hook")
    assert message.id == delivery["id"]
    log = post.log(delivery)
    assert (log["status"], log["attempts"], log["last_status"]) == ("delivered", 1, 200)
    assert log["body"].encode() == message.body
    (attempt,) = log["log"]
    assert attempt["request"]["url"] == post.receiver.url()
    assert attempt["request"]["headers"] == dict(message.headers)
    assert attempt["response"]["status"] == 200
    assert attempt["response"]["headers"]["x-seen"] == "yes"
    assert attempt["response"]["body"] == "a" * 1024
    assert 0 <= attempt["milliseconds"] < 15_000


def test_what_was_delivered_or_failed_is_sent_again_under_its_id(post: Post) -> None:
    endpoint = post.create(events=["job.queued"])
    post.site.submit()
    post.send()
    (delivery,) = post.listed(endpoint)
    again = f"/v1/webhooks/{endpoint['id']}/deliveries/{delivery['id']}/redeliver"
    fail(post)
    assert post.order(again, 202)["status"] == "pending"
    assert post.order(again, 409)["code"] == "delivery_not_ended"
    post.send()
    waiting = post.log(delivery)
    assert (waiting["status"], waiting["attempts"], waiting["last_status"]) == ("pending", 2, 404)
    assert waiting["next_attempt_at"] > waiting["log"][1]["at"]
    assert waiting["log"][1]["response"]["status"] == 404
    mend(post)
    post.make_due(delivery["id"])
    post.send()
    assert post.log(delivery)["status"] == "delivered"
    assert [m.id for m in post.receiver.of("/hook")] == [delivery["id"]] * 3
    assert len({m.body for m in post.receiver.of("/hook")}) == 1


def test_what_tells_of_a_job_is_shown_and_sent_again(post: Post) -> None:
    endpoint = post.create("/endpoint")
    post.site.submit()
    job = post.site.submit(webhook={"url": post.receiver.url("/own"), "events": ["job.queued"]})
    post.send()
    listed = post.get(f"/v1/jobs/{job['id']}/deliveries")["data"]
    # Of the other job nothing, and of this one both the endpoint's and its own.
    assert {(row["type"], row["endpoint"], row["status"]) for row in listed} == {
        ("job.queued", None, "delivered"),
        ("job.queued", endpoint["id"], "delivered"),
    }
    assert (len(listed), {row["job_id"] for row in listed}) == (2, {job["id"]})
    base = f"{post.site.settings.public_url}/v1/jobs/{job['id']}/deliveries"
    for row, path in zip(sorted(listed, key=lambda row: row["endpoint"] or ""), ("/own", "/endpoint"), strict=True):
        assert row["links"] == {"self": f"{base}/{row['id']}", "redeliver": f"{base}/{row['id']}/redeliver"}
        assert post.log(row)["links"] == row["links"]
        assert post.log(row)["log"][0]["response"]["status"] == 204
        again = post.order(row["links"]["redeliver"].removeprefix(post.site.settings.public_url), 202)
        assert (again["status"], again["links"]) == ("pending", row["links"])
        post.send()
        assert [m.id for m in post.receiver.of(path)].count(row["id"]) == 2
    (own,) = (row for row in listed if row["endpoint"] is None)
    assert post.get(f"/v1/webhooks/{endpoint['id']}/deliveries/{own['id']}", 404)["code"] == "delivery_not_found"
    [other, told] = sorted(post.listed(endpoint), key=lambda row: row["job_id"] == job["id"])
    assert told["links"]["self"].startswith(f"{post.site.settings.public_url}/v1/webhooks/{endpoint['id']}/")
    assert post.get(f"/v1/jobs/{job['id']}/deliveries/{other['id']}", 404)["code"] == "delivery_not_found"


def test_what_failed_since_a_time_is_sent_again(post: Post) -> None:
    endpoint, other = post.create(events=["job.queued"]), post.create("/other", events=["job.queued"])
    fail(post, status=410)
    post.site.submit()
    post.send()
    mend(post)
    itself = f"/v1/webhooks/{endpoint['id']}"
    assert post.order(f"{itself}/redeliver", 409, since=an_hour_ago())["code"] == "endpoint_disabled"
    post.order(f"{itself}/enable", 200)
    post.site.submit()
    post.send()
    assert sorted(row["status"] for row in post.listed(endpoint)) == ["delivered", "failed"]
    in_an_hour = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert post.order(f"{itself}/redeliver", 202, since=in_an_hour)["matching"] == 0
    assert post.order(f"{itself}/redeliver", 202, since=an_hour_ago())["matching"] == 1
    post.dispatch()
    post.send()
    post.send()
    assert {row["status"] for row in post.listed(endpoint)} == {"delivered"}
    assert len(post.receiver.of("/hook")) == 3
    assert post.order(f"{itself}/redeliver", 202, since=an_hour_ago(), include_delivered=True)["matching"] == 2
    post.send()
    assert len(post.receiver.of("/hook")) == 5
    assert len({m.id for m in post.receiver.of("/hook")}) == 2
    assert len(post.receiver.of("/other")) == len(post.listed(other)) == 2


def test_an_endpoint_that_says_gone_is_disabled_and_the_others_hear_of_it(post: Post) -> None:
    gone = post.create("/gone", description="the old one")
    asked, not_asked = post.create("/asked", events=["webhook.disabled"]), post.create("/not", events=["job.failed"])
    fail(post, "/gone", 410)
    post.site.submit()
    post.send()
    now = post.get(f"/v1/webhooks/{gone['id']}")
    assert (now["enabled"], now["disabled_cause"]) == (False, "gone")
    assert [row["status"] for row in post.listed(gone)] == ["failed"]
    post.send()
    (message,) = post.receiver.of("/asked")
    assert message.content["type"] == "webhook.disabled"
    data = message.content["data"]
    assert (data["id"], data["cause"], data["description"]) == (gone["id"], "gone", "the old one")
    assert Webhook(asked["secret"]).verify(message.body, dict(message.headers))
    assert post.listed(not_asked) == []
    post.site.submit()
    post.send()
    assert len(post.receiver.of("/gone")) == 1, "nothing new is recorded for it"


def test_an_endpoint_that_fails_for_days_is_disabled_and_what_waits_is_held(post: Post) -> None:
    endpoint = post.create(events=["job.queued"])
    fail(post)
    post.site.submit()
    post.send()
    assert post.get(f"/v1/webhooks/{endpoint['id']}")["failing_since"] is not None
    with post.site.database.read() as connection:
        now = connection.scalar(select(db_now()))
    assert now is not None
    (first,) = post.listed(endpoint)
    for days, enabled in ((4.9, True), (5.1, False)):
        post.set(endpoint, failing_since=now - days * 86400)
        post.make_due(first["id"])
        post.send()
        assert post.get(f"/v1/webhooks/{endpoint['id']}")["enabled"] is enabled
    assert post.get(f"/v1/webhooks/{endpoint['id']}")["disabled_cause"] == "failing"
    post.dispatch()
    assert [row["status"] for row in post.listed(endpoint)] == ["held"]
    post.make_due(first["id"])
    post.send()
    assert len(post.receiver.of("/hook")) == 3, "held is not sent"
    mend(post)
    enabled_again = post.order(f"/v1/webhooks/{endpoint['id']}/enable", 200)
    assert (enabled_again["enabled"], enabled_again["failing_since"]) == (True, None)
    post.send()
    assert [row["status"] for row in post.listed(endpoint)] == ["delivered"]
    assert [m.id for m in post.receiver.of("/hook")] == [first["id"]] * 4


def test_a_success_ends_the_failing(post: Post) -> None:
    endpoint = post.create(events=["job.queued"])
    fail(post)
    post.site.submit()
    post.send()
    mend(post)
    post.site.submit()
    post.send()
    assert post.get(f"/v1/webhooks/{endpoint['id']}")["failing_since"] is None


def test_who_fails_in_a_row_is_left_alone_until_a_test_shows_that_it_is_well(post: Post) -> None:
    endpoint = post.create(events=["job.queued"])
    fail(post, status=500)
    for _ in range(5):
        post.site.submit()
        post.send()
    assert len(post.receiver.of("/hook")) == 5
    assert post.get(f"/v1/webhooks/{endpoint['id']}")["paused_until"] is not None
    post.site.submit()
    post.send()
    assert len(post.receiver.of("/hook")) == 5, "nothing is sent while it is left alone"
    mend(post)
    test = post.order(f"/v1/webhooks/{endpoint['id']}/test", 202)
    post.send()
    came = post.receiver.of("/hook")
    assert came[5].id == test["id"], "the test goes first"
    assert post.get(f"/v1/webhooks/{endpoint['id']}")["paused_until"] is None
    assert len(came) == 7, "and then what waited"


def test_a_new_address_is_not_judged_by_the_old_one(post: Post) -> None:
    endpoint = post.create(events=["job.queued"])
    fail(post, status=500)
    for _ in range(5):
        post.site.submit()
        post.send()
    changed = post.site.http.patch(f"/v1/webhooks/{endpoint['id']}", json={"url": post.receiver.url("/new")}).json()
    assert (changed["url"], changed["paused_until"], changed["failing_since"]) == (
        post.receiver.url("/new"),
        None,
        None,
    )
    oldest = post.listed(endpoint)[-1]
    post.make_due(oldest["id"])
    post.send()
    assert [m.id for m in post.receiver.of("/new")] == [oldest["id"]]
    assert post.log(oldest)["log"][1]["request"]["url"] == post.receiver.url("/new")


def test_disabling_by_hand_holds_and_says_so(post: Post) -> None:
    endpoint = post.create(events=["job.queued"])
    itself = f"/v1/webhooks/{endpoint['id']}"
    post.site.submit()
    post.dispatch()
    disabled = post.site.http.patch(itself, json={"enabled": False}).json()
    assert (disabled["enabled"], disabled["disabled_cause"]) == (False, "request")
    post.sender.deliver_due()
    post.send()
    assert [row["status"] for row in post.listed(endpoint)] == ["held"]
    assert post.order(f"{itself}/test", 409)["code"] == "endpoint_disabled"
    assert post.site.http.patch(itself, json={"enabled": True}).json()["enabled"]
    post.send()
    assert len(post.receiver.of("/hook")) == 1


def test_a_deleted_endpoint_is_gone_with_its_log(post: Post) -> None:
    endpoint = post.create()
    post.site.submit()
    post.dispatch()
    itself = f"/v1/webhooks/{endpoint['id']}"
    assert post.site.http.delete(itself).status_code == 204
    for path in (itself, f"{itself}/deliveries"):
        assert post.get(path, 404)["code"] == "endpoint_not_found"
    assert post.site.http.delete(itself).status_code == 404
    assert post.get("/v1/webhooks")["data"] == []
    post.sender.deliver_due()
    post.send()
    assert post.receiver.messages == []
    with post.site.database.read() as connection:
        assert connection.execute(select(webhook_deliveries)).all() == []
        assert connection.execute(select(webhook_endpoints)).all() == []


def test_lists_are_read_page_by_page(post: Post) -> None:
    made = [post.create(f"/{number}")["id"] for number in range(5)]
    first = post.get("/v1/webhooks?limit=3")
    second = post.get(f"/v1/webhooks?limit=3&after={first['next']}")
    assert [row["id"] for row in first["data"] + second["data"]] == made[::-1]
    assert second["next"] is None
    for _ in range(3):
        post.site.submit()
    post.dispatch()
    path = f"/v1/webhooks/{made[0]}/deliveries"
    page = post.get(f"{path}?limit=2")
    rest = post.get(f"{path}?limit=2&after={page['next']}")
    assert (len(page["data"]), len(rest["data"]), rest["next"]) == (2, 1, None)
    ids = [row["id"] for row in page["data"] + rest["data"]]
    assert ids == sorted(ids, reverse=True)
    since = rest["data"][0]["created_at"]
    assert len(post.get(path + f"?status=pending&type=job.queued&since={since}")["data"]) >= 2
    for nothing in ("status=failed", "type=job.failed", "since=2999-01-01T00:00:00Z"):
        assert post.get(f"{path}?{nothing}")["data"] == []


def test_a_key_makes_one_endpoint(post: Post) -> None:
    body = {"url": post.receiver.url()}
    headers = {"Idempotency-Key": "once"}
    first = post.site.http.post("/v1/webhooks", json=body, headers=headers)
    second = post.site.http.post("/v1/webhooks", json=body, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    other = post.site.http.post("/v1/webhooks", json={**body, "description": "x"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert len(post.get("/v1/webhooks")["data"]) == 1


@pytest.mark.parametrize("overlap", [0, 3600])
def test_a_repeated_request_shows_no_secret_but_its_own(post: Post, overlap: int) -> None:
    body, headers = {"url": post.receiver.url()}, {"Idempotency-Key": "once"}
    made = post.site.http.post("/v1/webhooks", json=body, headers=headers).json()
    rotated = post.order(f"/v1/webhooks/{made['id']}/rotate-secret", 200, overlap_seconds=overlap)
    again = post.site.http.post("/v1/webhooks", json=body, headers=headers)
    assert (again.status_code, again.json()["id"], again.json()["secret"]) == (201, made["id"], None)
    assert again.headers["idempotency-replayed"] == "true"
    assert rotated["secret"] not in again.text


def test_what_heeds_no_key_says_so_and_does_nothing(post: Post) -> None:
    endpoint = post.create(events=["job.queued"])
    post.site.submit()
    post.send()
    (delivery,) = post.listed(endpoint)
    itself = f"/v1/webhooks/{endpoint['id']}"
    job = post.site.submit(webhook={"url": post.receiver.url("/own"), "events": ["job.queued"]})["id"]
    post.send()
    (own,) = (row for row in post.get(f"/v1/jobs/{job}/deliveries")["data"] if row["endpoint"] is None)
    before = (post.get(itself), post.listed(endpoint), post.get(f"/v1/jobs/{job}/deliveries"))
    for path, body in (
        (f"{itself}/test", None),
        (f"{itself}/rotate-secret", None),
        (f"{itself}/redeliver", {"since": an_hour_ago(), "include_delivered": True}),
        (f"{itself}/deliveries/{delivery['id']}/redeliver", None),
        (f"/v1/jobs/{job}/deliveries/{own['id']}/redeliver", None),
    ):
        answer = post.site.http.post(path, json=body, headers={"Idempotency-Key": "once"})
        assert (answer.status_code, answer.json()["code"]) == (422, "field_not_supported"), path
        assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]
    assert (post.get(itself), post.listed(endpoint), post.get(f"/v1/jobs/{job}/deliveries")) == before
    paths = post.site.http.get("/openapi.json").json()["paths"]
    orders = [path for path in paths if path.endswith(("/test", "/rotate-secret", "/redeliver"))]
    assert len(orders) == 5
    assert all("`Idempotency-Key`" in paths[path]["post"]["description"] for path in orders)


def test_there_is_a_limit(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path, max_webhook_endpoints=2) as site:
        made = [site.http.post("/v1/webhooks", json={"url": "https://example.org/"}) for _ in range(3)]
        assert [answer.status_code for answer in made] == [201, 201, 409]
        assert made[2].json()["code"] == "too_many_endpoints"
        site.http.delete(f"/v1/webhooks/{made[0].json()['id']}")
        assert site.http.post("/v1/webhooks", json={"url": "https://example.org/"}).status_code == 201


GOOD = {"url": "https://example.org/hook"}


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "url", "missing_field"),
        ({"url": "https://user:password@example.org/"}, "url", "url_invalid"),
        ({"url": "http://example.org/"}, "url", "url_invalid"),
        ({"url": "https://127.0.0.1/"}, "url", "address_refused"),
        ({"url": "https://169.254.169.254/"}, "url", "address_refused"),
        ({"url": "https://localhost/"}, "url", "address_refused"),
        ({"url": 7}, "url", "invalid_request"),
        ({"url": "https://example.org/" + "a" * 3000}, "url", "too_long"),
        ({**GOOD, "events": ["job.queued", "job.exploded"]}, "events.1", "unknown_event"),
        ({**GOOD, "events": ["step.started"]}, "events.0", "unknown_event"),
        ({**GOOD, "events": ["webhook.test"]}, "events.0", "unknown_event"),
        ({**GOOD, "secret": "hunter2"}, "secret", "invalid_secret"),
        ({**GOOD, "secret": "whsec_" + b64encode(bytes(23)).decode()}, "secret", "invalid_secret"),
        ({**GOOD, "description": "a\x00b"}, "description", "invalid_request"),
        ({**GOOD, "description": "\ud800"}, "description", "invalid_request"),
        ({**GOOD, "enabled": False}, "enabled", "unknown_field"),
        ({**GOOD, "owner": "me"}, "owner", "unknown_field"),
    ],
)
def test_bad_endpoints_are_refused_by_field(shared: Site, body: dict[str, Any], field: str, code: str) -> None:
    answer = shared.http.post("/v1/webhooks", content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert (problem["code"], problem["errors"][0]["field"]) == (code, field)
    assert "hunter2" not in answer.text


UNKNOWN = "00000000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        (lambda http: http.get(f"/v1/webhooks/whe_{UNKNOWN}"), 404, "endpoint_not_found"),
        (lambda http: http.get("/v1/webhooks/whatever"), 404, "endpoint_not_found"),
        (lambda http: http.post(f"/v1/webhooks/whe_{UNKNOWN}/test"), 404, "endpoint_not_found"),
        (lambda http: http.post(f"/v1/webhooks/whe_{UNKNOWN}/enable"), 404, "endpoint_not_found"),
        (lambda http: http.post(f"/v1/webhooks/whe_{UNKNOWN}/rotate-secret"), 404, "endpoint_not_found"),
        (lambda http: http.get(f"/v1/webhooks/whe_{UNKNOWN}/deliveries"), 404, "endpoint_not_found"),
        (lambda http: http.get(f"/v1/jobs/job_{UNKNOWN}/deliveries"), 404, "job_not_found"),
        (lambda http: http.get("/v1/webhooks?after=whatever"), 422, "invalid_cursor"),
        (lambda http: http.get(f"/v1/webhooks/whe_{UNKNOWN}/deliveries?after=x"), 422, "invalid_cursor"),
        (lambda http: http.get(f"/v1/webhooks/whe_{UNKNOWN}/deliveries?type=x"), 422, "unknown_event"),
        (lambda http: http.get(f"/v1/webhooks/whe_{UNKNOWN}/deliveries?status=x"), 422, "invalid_request"),
        (lambda http: http.get(f"/v1/webhooks/whe_{UNKNOWN}/deliveries?since=yesterday"), 422, "invalid_request"),
        (lambda http: http.post(f"/v1/webhooks/whe_{UNKNOWN}/redeliver", json={}), 422, "missing_field"),
        (lambda http: http.post("/v1/webhooks", content=b"{"), 422, "invalid_json"),
        (lambda http: http.post("/v1/webhooks", json=[]), 422, "invalid_body"),
        (lambda http: http.post("/v1/webhooks", content=b"[" * 100_000), 413, "body_too_large"),
        (lambda http: http.patch(f"/v1/webhooks/whe_{UNKNOWN}", json={"url": None}), 422, "invalid_request"),
        (
            lambda http: http.post(f"/v1/webhooks/whe_{UNKNOWN}/rotate-secret", json={"overlap_seconds": -1}),
            422,
            "invalid_request",
        ),
    ],
)
def test_bad_requests_get_a_clear_problem(shared: Site, call: Callable[[Any], Any], status: int, code: str) -> None:
    answer = call(shared.http)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
