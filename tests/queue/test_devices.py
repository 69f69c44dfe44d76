"""Which queues a slot serves when it is not told."""

import pytest

from pipelines.catalog import DeviceClass
from workers.contract import Device
from workers.devices import find_device_classes, torch_device
from workers.slot import device_class


@pytest.mark.parametrize(
    ("build", "answers", "found"),
    [
        (None, True, "cpu"),
        (DeviceClass.GPU_NVIDIA, True, "gpu-nvidia"),
        (DeviceClass.GPU_NVIDIA, False, "cpu"),
        (DeviceClass.GPU_AMD, True, "gpu-amd"),
    ],
)
def test_the_device_decides(build: DeviceClass | None, answers: object, found: str) -> None:
    assert find_device_classes(lambda: build, lambda: bool(answers)) == (found,)


def test_no_gpu_is_asked_for_where_torch_has_none() -> None:
    def never() -> bool:
        raise AssertionError

    assert find_device_classes(lambda: None, never) == ("cpu",)


@pytest.mark.parametrize(
    ("queues", "device"),
    [
        (["cpu"], "cpu"),
        (["io", "webhook"], "cpu"),
        (["gpu-nvidia.xtts"], "gpu-nvidia"),
        (["io", "gpu-amd"], "gpu-amd"),
        (["cpu.fast"], "cpu"),
    ],
)
def test_queues_name_their_device(queues: list[str], device: str) -> None:
    assert device_class(queues) == device


def test_pools_run_on_their_device() -> None:
    # As the child of a slot makes its device, from the class that its parent found in the queues.
    assert torch_device(Device(DeviceClass(device_class(["gpu-nvidia.xtts"])))) == "cuda:0"
    assert torch_device(Device(DeviceClass(device_class(["gpu-amd"])), 1, 2)) == "cuda:2"
    assert torch_device(Device(DeviceClass(device_class(["cpu.fast"])), 4)) == "cpu"
