"""docker-compose.yml states the topology; here its shape and its names are checked against the code."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from harmony.settings import known_settings
from pipelines.catalog import WEBHOOK_QUEUE, DeviceClass, load_catalog
from storage.settings import StorageSettings

ROOT = Path(__file__).parents[2]
Duration = Annotated[str, StringConstraints(pattern=r"^(\d+(us|ms|s|m|h))+$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Healthcheck(Strict):
    test: tuple[str, ...] = Field(min_length=2)
    interval: Duration
    retries: int = Field(gt=0)


class Dependency(Strict):
    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]


class Service(Strict):
    """The part of the compose specification's `service` that this file uses."""

    image: str = Field(pattern=r"^[a-z0-9][a-z0-9./-]*:[\w.-]+$")
    command: tuple[str, ...] = ()
    restart: Literal["no", "always", "on-failure", "unless-stopped"] = "no"
    environment: Mapping[str, str] = Field(default_factory=dict)
    volumes: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    group_add: tuple[str, ...] = ()
    depends_on: Mapping[str, Dependency] = Field(default_factory=dict)
    healthcheck: Healthcheck | None = None
    stop_grace_period: Duration = "10s"
    deploy: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def queues(self) -> set[str]:
        return set(self.command[4].split(",")) if self.command[:3] == ("python", "-m", "workers.slot") else set()


class Compose(Strict):
    name: str
    services: Mapping[str, Service]
    volumes: Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def compose() -> Compose:
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return Compose.model_validate({key: value for key, value in document.items() if not key.startswith("x-")})


def test_dependencies_and_volumes_are_declared(compose: Compose) -> None:
    for service in compose.services.values():
        for name, dependency in service.depends_on.items():
            assert dependency.condition != "service_healthy" or compose.services[name].healthcheck is not None
            assert dependency.condition != "service_completed_successfully" or compose.services[name].restart == "no"
        sources = {volume.split(":")[0] for volume in service.volumes}
        assert {source for source in sources if not source.startswith(".")} <= set(compose.volumes)


def test_every_command_of_ours_exists(compose: Compose) -> None:
    modules = {service.command[2] for service in compose.services.values() if service.command[:2] == ("python", "-m")}
    assert modules == {"api", "migrations", "workers.dispatcher", "workers.slot"}
    assert [module for module in modules if find_spec(module) is None] == []


def test_every_setting_is_known(compose: Compose) -> None:
    names = {name for service in compose.services.values() for name in service.environment}
    assert {name for name in names if name.startswith("HARMONY_")} <= set(known_settings())


def test_every_queue_has_a_worker(compose: Compose) -> None:
    served = {queue for service in compose.services.values() for queue in service.queues}
    assert served == {*load_catalog(ROOT / "config.yml").queues, *DeviceClass, WEBHOOK_QUEUE}


def test_there_is_time_to_end_what_is_under_way(compose: Compose) -> None:
    patience = StorageSettings(_env_file=None).shutdown_seconds
    patient = [service for service in compose.services.values() if service.queues or service.command[-1:] == ("api",)]
    assert len(patient) == 6
    assert all(int(service.stop_grace_period.removesuffix("s")) > patience for service in patient)


def test_nothing_is_published_beyond_this_machine(compose: Compose) -> None:
    assert all(port.startswith("127.0.0.1:") for service in compose.services.values() for port in service.ports)
