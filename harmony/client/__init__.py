"""The client of the HTTP API: typed, for programs that wait and for those with an event loop.

from harmony.client import Client

with Client("http://127.0.0.1:8000") as harmony:
    job = harmony.wait(harmony.speech("Hello.", voice="af_heart"))
    harmony.download(job, "hello.wav")
"""

from harmony.client.aio import AsyncClient
from harmony.client.documents import (
    TERMINAL,
    Artifact,
    Document,
    Job,
    Model,
    Problem,
    Result,
    Segment,
    Voice,
)
from harmony.client.problems import ApiProblem, ClientError, DownloadBroken, JobFailed, WebhookRefused, result_of
from harmony.client.sync import Client
from harmony.client.tails import JobEvent
from harmony.client.webhooks import WebhookMessage, verify_webhook

__all__ = [
    "TERMINAL",
    "ApiProblem",
    "Artifact",
    "AsyncClient",
    "Client",
    "ClientError",
    "Document",
    "DownloadBroken",
    "Job",
    "JobEvent",
    "JobFailed",
    "Model",
    "Problem",
    "Result",
    "Segment",
    "Voice",
    "WebhookMessage",
    "WebhookRefused",
    "result_of",
    "verify_webhook",
]
