"""The fake driver answers genuine clients as a real one would: nvidia-ml-py, and plain calls into libcuda."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakegpu import Driver, Kit, real_driver
from tests.fakegpu.kit import LIBCUDA, NVML, OFFERED

if TYPE_CHECKING:
    from collections.abc import Mapping

ASK_NVML = """
import json, pynvml as nvml

def answer(function, *arguments):
    try:
        return function(*arguments)
    except nvml.NVMLError as error:
        return {"error": error.value, "type": type(error).__name__, "text": str(error)}

def processes(handle, function):
    return [[process.pid, process.usedGpuMemory] for process in function(handle)]

def describe(handle):
    memory = nvml.nvmlDeviceGetMemoryInfo(handle, nvml.nvmlMemory_v2)
    return {
        "name": answer(nvml.nvmlDeviceGetName, handle),
        "uuid": answer(nvml.nvmlDeviceGetUUID, handle),
        "serial": answer(nvml.nvmlDeviceGetSerial, handle),
        "pci": nvml.nvmlDeviceGetPciInfo(handle).busId,
        "compute_capability": answer(nvml.nvmlDeviceGetCudaComputeCapability, handle),
        "memory": [memory.total, memory.reserved, memory.used, memory.free],
        "memory_v1": nvml.nvmlDeviceGetMemoryInfo(handle).used,
        "compute": processes(handle, nvml.nvmlDeviceGetComputeRunningProcesses),
        "graphics": processes(handle, nvml.nvmlDeviceGetGraphicsRunningProcesses),
        "mig": answer(nvml.nvmlDeviceGetMigMode, handle),
        "ecc": answer(nvml.nvmlDeviceGetEccMode, handle),
        "ecc_uncorrected": answer(nvml.nvmlDeviceGetTotalEccErrors, handle, 1, 0),
        "remapped": answer(nvml.nvmlDeviceGetRemappedRows, handle),
        "compute_mode": answer(nvml.nvmlDeviceGetComputeMode, handle),
        "persistence": answer(nvml.nvmlDeviceGetPersistenceMode, handle),
        "temperature": answer(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
        "utilisation": answer(nvml.nvmlDeviceGetUtilizationRates, handle).gpu,
        "power": answer(nvml.nvmlDeviceGetPowerUsage, handle),
        "throttle": answer(nvml.nvmlDeviceGetCurrentClocksThrottleReasons, handle),
        "events": answer(nvml.nvmlDeviceGetCurrentClocksEventReasons, handle),
        "pcie": [nvml.nvmlDeviceGetCurrPcieLinkWidth(handle), nvml.nvmlDeviceGetMaxPcieLinkWidth(handle)],
    }

def mig_names(handle):
    found = []
    for index in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        mig = answer(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)
        if isinstance(mig, dict):
            return found, mig["type"]
        found.append(nvml.nvmlDeviceGetName(mig))

said = answer(nvml.nvmlInit)
if said is None:
    handles = [answer(nvml.nvmlDeviceGetHandleByIndex, index) for index in range(nvml.nvmlDeviceGetCount())]
    said = {
        "driver": nvml.nvmlSystemGetDriverVersion(),
        "cuda": nvml.nvmlSystemGetCudaDriverVersion(),
        "process": answer(nvml.nvmlSystemGetProcessName, 4242),
        "gpus": [handle if isinstance(handle, dict) else describe(handle) for handle in handles],
        "migs": [mig_names(handle) for handle in handles if not isinstance(handle, dict)],
    }
    nvml.nvmlShutdown()
print(json.dumps(said))
"""

ASK_CUDA = """
import ctypes, json
cuda = ctypes.CDLL("libcuda.so.1")
number, other = ctypes.c_int(-1), ctypes.c_int()
said = {"init": cuda.cuInit(0)}
error = ctypes.c_char_p()
cuda.cuGetErrorName(said["init"], ctypes.byref(error))
said["error"] = error.value.decode()
cuda.cuDriverGetVersion(ctypes.byref(number))
said["version"] = number.value
said["count_code"] = cuda.cuDeviceGetCount(ctypes.byref(number))
said["devices"] = []
for device in range(number.value if said["count_code"] == 0 else 0):
    name, size = ctypes.create_string_buffer(64), ctypes.c_size_t()
    cuda.cuDeviceGetName(name, 64, device)
    cuda.cuDeviceTotalMem_v2(ctypes.byref(size), device)
    cuda.cuDeviceGetAttribute(ctypes.byref(number), 75, device)
    cuda.cuDeviceGetAttribute(ctypes.byref(other), 76, device)
    said["devices"].append([name.value.decode(), size.value, number.value, other.value])
print(json.dumps(said))
"""

ASK_POINTERS = """
import ctypes, json
cuda = ctypes.CDLL("libcuda.so.1")

def call(name, *arguments):
    pointer = ctypes.c_void_p()
    cuda.cuGetProcAddress_v2(name, ctypes.byref(pointer), 12000, ctypes.c_uint64(0), None)
    return ctypes.CFUNCTYPE(ctypes.c_int)(pointer.value)(*arguments)

size = ctypes.c_size_t()
said = {"cuInit": call(b"cuInit", 0), "cuDeviceTotalMem": call(b"cuDeviceTotalMem", ctypes.byref(size), 0)}
print(json.dumps({**said, "size": size.value, "cuCtxCreate": call(b"cuCtxCreate")}))
"""

TWO_GPUS: dict[str, str | int] = {"device_count": 2, "gpu0.name": "NVIDIA H100 80GB HBM3", "gpu1.name": "Tesla K80"}


def run(script: str, environ: Mapping[str, str], timeout_s: float = 30) -> subprocess.CompletedProcess[str]:
    """Run a script in a child that sees these variables and PATH."""
    return subprocess.run(
        (sys.executable, "-c", script),
        env={"PATH": os.environ.get("PATH", os.defpath), **environ},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def ask(script: str, environ: Mapping[str, str]) -> Any:  # noqa: ANN401 -- JSON
    """Give what the child printed."""
    done = run(script, environ)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nvml_describes_a_healthy_gpu_by_default(kit: Kit) -> None:
    said = ask(ASK_NVML, kit.state())
    (gpu,) = said["gpus"]
    assert (said["driver"], said["cuda"]) == ("550.54.15", 12040)
    assert gpu["name"] == "NVIDIA A100-SXM4-40GB"
    assert gpu["compute_capability"] == [8, 0]
    assert gpu["uuid"] == "GPU-11111111-0000-4000-8000-000000000000"
    assert gpu["pci"] == "00000000:01:00.0"
    assert (gpu["throttle"], gpu["pcie"], gpu["temperature"]) == (0, [16, 16], 35)
    assert (gpu["compute"], gpu["graphics"]) == ([], [])


def test_nvml_says_not_supported_of_what_the_state_lacks(kit: Kit) -> None:
    (gpu,) = ask(ASK_NVML, kit.state())["gpus"]
    types = {gpu[key]["type"] for key in ("mig", "ecc", "ecc_uncorrected", "remapped", "serial")}
    assert types == {"NVMLError_NotSupported"}


def test_nvml_reads_each_gpu_from_the_state(kit: Kit) -> None:
    lines = {
        **TWO_GPUS,
        "gpu.mem_total": 1000,
        "gpu1.mem_used": 600,
        "gpu1.mem_reserved": 100,
        "gpu1.procs": "4242:500,4243:100",
        "gpu1.graphics_procs": "7:8",
        "process.4242": "python train.py",
        "gpu1.ecc": 1,
        "gpu1.ecc_uncorrected": 7,
        "gpu1.remap_pending": 1,
        "gpu1.serial": "1320000000001",
        "gpu1.compute_mode": 3,
        "gpu1.persistence": 0,
        "gpu1.temp": 91,
        "gpu1.util": 99,
        "gpu1.power_mw": 149000,
        "gpu1.throttle": "0x40",
        "gpu1.pcie_width": 4,
    }
    said = ask(ASK_NVML, kit.state(lines))
    first, second = said["gpus"]
    assert (first["name"], first["memory"], first["compute"]) == ("NVIDIA H100 80GB HBM3", [1000, 0, 0, 1000], [])
    assert said["process"] == "python train.py"
    expected = {
        "name": "Tesla K80",
        "memory": [1000, 100, 600, 300],
        "memory_v1": 600,
        "compute": [[4242, 500], [4243, 100]],
        "graphics": [[7, 8]],
        "ecc": [1, 1],
        "ecc_uncorrected": 7,
        "remapped": [0, 0, 1, 0],
        "serial": "1320000000001",
        "compute_mode": 3,
        "persistence": 0,
        "temperature": 91,
        "utilisation": 99,
        "power": 149000,
        "throttle": 64,
        "events": 64,
        "pcie": [4, 16],
    }
    assert {key: second[key] for key in expected} == expected


def test_nvml_lists_mig_instances(kit: Kit) -> None:
    said = ask(ASK_NVML, kit.state({"gpu0.mig": 1, "gpu0.mig_count": 2, "gpu0.mig_profile": "3g.20gb"}))
    assert said["gpus"][0]["mig"] == [1, 1]
    assert said["migs"] == [[["NVIDIA A100-SXM4-40GB MIG 3g.20gb"] * 2, "NVMLError_NotFound"]]


@pytest.mark.parametrize(
    ("code", "type_name"),
    [
        (4, "NVMLError_NoPermission"),
        (9, "NVMLError_DriverNotLoaded"),
        (12, "NVMLError_LibraryNotFound"),
        (15, "NVMLError_GpuIsLost"),
        (17, "NVMLError_OperatingSystem"),
        (18, "NVMLError_LibRmVersionMismatch"),
        (999, "NVMLError_Unknown"),
    ],
)
def test_nvml_init_fails_with_the_code_asked_for(kit: Kit, code: int, type_name: str) -> None:
    said = ask(ASK_NVML, kit.state(nvmlInit=code))
    assert (said["error"], said["type"]) == (code, type_name)


def test_one_gpu_can_be_lost_while_the_other_answers(kit: Kit) -> None:
    said = ask(ASK_NVML, kit.state({"gpu1.nvmlDeviceGetHandleByIndex": 15}, device_count=2))
    first, second = said["gpus"]
    assert first["name"] == "NVIDIA A100-SXM4-40GB"
    assert (second["type"], second["text"]) == ("NVMLError_GpuIsLost", "GPU is lost")


def test_cuda_lists_devices_in_order(kit: Kit) -> None:
    lines = {**TWO_GPUS, "gpu0.cc": "9.0", "gpu1.cc": "3.7", "gpu.mem_total": 1000}
    said = ask(ASK_CUDA, kit.state(lines, cuda_driver_version=12090))
    assert (said["init"], said["version"]) == (0, 12090)
    assert said["devices"] == [["NVIDIA H100 80GB HBM3", 1000, 9, 0], ["Tesla K80", 1000, 3, 7]]


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        ("0", ["NVIDIA H100 80GB HBM3"]),
        ("1", ["Tesla K80"]),
        ("1,0", ["Tesla K80", "NVIDIA H100 80GB HBM3"]),
        (" 1 ,0", ["Tesla K80", "NVIDIA H100 80GB HBM3"]),
        ("1,7,0", ["Tesla K80"]),
        ("0,-1,1", ["NVIDIA H100 80GB HBM3"]),
        ("GPU-2222", ["Tesla K80"]),
        ("GPU-22222222-0000-4000-8000-000000000001,GPU-1", ["Tesla K80", "NVIDIA H100 80GB HBM3"]),
    ],
)
def test_cuda_shows_the_devices_that_are_made_visible(kit: Kit, visible: str, names: list[str]) -> None:
    said = ask(ASK_CUDA, {**kit.state(TWO_GPUS), "CUDA_VISIBLE_DEVICES": visible})
    assert [device[0] for device in said["devices"]] == names


@pytest.mark.parametrize("visible", ["", "-1", "2", "none", "0,0", "GPU-", "GPU-3333", "MIG-1"])
def test_cuda_has_no_device_where_none_is_visible(kit: Kit, visible: str) -> None:
    said = ask(ASK_CUDA, {**kit.state(TWO_GPUS), "CUDA_VISIBLE_DEVICES": visible})
    assert (said["init"], said["error"], said["count_code"]) == (100, "CUDA_ERROR_NO_DEVICE", 3)


@pytest.mark.parametrize(
    ("lines", "init", "error"),
    [
        ({"device_count": 0}, 100, "CUDA_ERROR_NO_DEVICE"),
        ({"gpu.mig": 1}, 100, "CUDA_ERROR_NO_DEVICE"),
        ({"gpu.mig": 1, "gpu.mig_count": 1}, 0, "CUDA_SUCCESS"),
        ({"cuInit": 803}, 803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"),
        ({"cuInit": 999}, 999, "CUDA_ERROR_UNKNOWN"),
    ],
)
def test_cuda_init_answers_as_the_state_says(kit: Kit, lines: dict[str, str | int], init: int, error: str) -> None:
    said = ask(ASK_CUDA, kit.state(lines))
    assert (said["init"], said["error"]) == (init, error)


def test_nvml_pays_no_heed_to_visible_devices(kit: Kit) -> None:
    said = ask(ASK_NVML, {**kit.state(TWO_GPUS), "CUDA_VISIBLE_DEVICES": "-1"})
    assert [gpu["name"] for gpu in said["gpus"]] == ["NVIDIA H100 80GB HBM3", "Tesla K80"]


def test_cuda_offers_every_function_by_address(kit: Kit) -> None:
    said = ask(ASK_POINTERS, kit.state({"gpu.mem_total": 1000}))
    assert said == {"cuInit": 0, "cuDeviceTotalMem": 0, "size": 1000, "cuCtxCreate": 801}


@pytest.mark.parametrize(
    ("fault", "returncode"),
    [("crash", -signal.SIGSEGV), ("abort", -signal.SIGABRT), ("exit:7", 7)],
)
@pytest.mark.parametrize("key", ["cuInit", "libcuda.dlopen"])
def test_a_fault_ends_the_process_as_asked(kit: Kit, key: str, fault: str, returncode: int) -> None:
    assert run(ASK_CUDA, kit.state({key: fault})).returncode == returncode


def test_a_fault_of_one_library_leaves_the_other_alone(kit: Kit) -> None:
    assert ask(ASK_CUDA, kit.state({"libnvidia-ml.dlopen": "crash"}))["init"] == 0


def test_a_hang_lasts_as_long_as_asked(kit: Kit) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run(ASK_CUDA, kit.state(cuInit="hang:60"), timeout_s=1)


def test_spew_goes_to_stdout_and_the_call_goes_on(kit: Kit) -> None:
    done = run(ASK_CUDA, kit.state(cuInit="spew:Warning: noise"))
    noise, answer = done.stdout.splitlines()
    assert (noise, json.loads(answer)["init"]) == ("Warning: noise", 0)


def test_trace_names_the_functions_called(kit: Kit) -> None:
    done = run(ASK_CUDA, kit.state(trace=1, device_count=0))
    assert done.stderr.splitlines() == [
        f"fake-gpu: {name}" for name in ("cuInit", "cuDriverGetVersion", "cuDeviceGetCount")
    ]


def test_without_a_state_file_nothing_works_and_stderr_says_why(kit: Kit) -> None:
    done = run(ASK_CUDA, {**kit.state(), "KDOCTOR_FAKE_GPU": "/nowhere"})
    assert json.loads(done.stdout)["init"] == 999
    assert "fake-gpu: no state file: KDOCTOR_FAKE_GPU=/nowhere" in done.stderr


@pytest.mark.parametrize("driver", list(OFFERED))
def test_only_the_offered_libraries_are_found(kit: Kit, driver: Driver) -> None:
    if real_driver():
        pytest.skip(f"a real driver is on this machine: {real_driver()}")
    script = """
import ctypes, json
found = []
for soname in ("libcuda.so.1", "libnvidia-ml.so.1"):
    try:
        ctypes.CDLL(soname)
    except OSError:
        continue
    found.append(soname)
print(json.dumps(found))
"""
    found = ask(script, kit.state(driver=driver))
    assert found == [soname for soname in (LIBCUDA, NVML) if soname in OFFERED[driver]]
