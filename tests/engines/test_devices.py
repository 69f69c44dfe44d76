import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.catalog import DeviceClass
from workers.contract import Device
from workers.devices import find_device_classes, torch_build, torch_device


@pytest.mark.parametrize("gpu", [DeviceClass.GPU_NVIDIA, DeviceClass.GPU_AMD])
def test_a_gpu_that_answers_is_the_device(gpu: DeviceClass) -> None:
    assert find_device_classes(lambda: gpu, lambda: True) == (gpu,)
    assert find_device_classes(lambda: gpu, lambda: False) == (DeviceClass.CPU,)


def test_without_a_gpu_build_nothing_is_asked() -> None:
    def fail() -> bool:
        raise AssertionError

    assert find_device_classes(lambda: None, fail) == (DeviceClass.CPU,)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("cuda: Optional[str] = '13.0'\nhip: Optional[str] = None\n", DeviceClass.GPU_NVIDIA),
        ("cuda = None\nhip = '7.1.25'\n", DeviceClass.GPU_AMD),
        ("cuda: Optional[str] = None\nhip: Optional[str] = None\n", None),
        ("broken(", None),
    ],
)
def test_the_build_is_read_from_torch_s_version_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, expected: DeviceClass | None
) -> None:
    package = tmp_path / "torch"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    (package / "version.py").write_text(version, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert torch_build() == expected


def test_finding_devices_imports_no_torch() -> None:
    code = "import sys; from workers.devices import *; print(find_device_classes()); assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "DeviceClass" in done.stdout


def test_torch_calls_both_makers_gpus_cuda() -> None:
    assert torch_device(Device()) == "cpu"
    assert torch_device(Device(DeviceClass.GPU_NVIDIA, 1, 2)) == "cuda:2"
    assert torch_device(Device(DeviceClass.GPU_AMD, 1, 1)) == "cuda:1"
