"""Which state the options make, and what is said of an option that means nothing."""

from __future__ import annotations

from typing import Any

import pytest

from kdoctor.commands.fake import Asked, machine_of, said, state
from kdoctor.fakegpu.machine import MOST_LINES, read_state
from kdoctor.fakegpu.wishes import MOST_GPUS, known_models, model_named
from kdoctor.knowledge.faults import Fault, faults
from kdoctor.knowledge.gpus import GpuModel, model_of
from kdoctor.model.trouble import Trouble


def made(**options: Any) -> dict[str, str]:  # noqa: ANN401  a test's own keywords
    """The state of a machine with these options."""
    asked = Asked(**options)
    return read_state(state(asked, machine_of(asked)), "a test")


@pytest.mark.parametrize("model", known_models(), ids=lambda model: model.id)
def test_a_model_is_found_by_its_id_and_its_name(model: GpuModel) -> None:
    assert (model_named(model.id), model_named(model.name), model_of(model.name)) == (model, model, model)


@pytest.mark.parametrize(
    ("word", "identity"),
    [("a100", "a100-pcie-40"), ("h100", "h100-pcie"), ("rtx3090", "rtx-3090"), ("GeForce GTX 1080 Ti", "gtx-1080-ti")],
)
def test_a_model_is_found_by_what_people_call_it(word: str, identity: str) -> None:
    assert model_named(word).id == identity


def test_a_state_has_name_capability_and_memory_of_each_gpu() -> None:
    found = made(models=("t4", "rtx-4090"), gpus=3)
    assert (found["device_count"], found["driver_version"], found["cuda_driver_version"]) == ("3", "550.54.15", "12040")
    names = [found[f"gpu{index}.name"] for index in range(3)]
    assert names == ["Tesla T4", "NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 4090"]
    assert (found["gpu0.cc"], found["gpu0.mem_total"], found["gpu1.cc"]) == ("7.5", str(16 << 30), "8.9")


@pytest.mark.parametrize(
    ("driver", "cuda"), [("535.183.01", "12020"), ("566.36", "12070"), ("470.82.01", "11040"), ("615.1", "13040")]
)
def test_a_driver_supports_the_cuda_of_its_branch(driver: str, cuda: str) -> None:
    assert made(driver=driver, models=("t4",))["cuda_driver_version"] == cuda


def test_names_before_driver_470_lack_the_maker() -> None:
    assert made(driver="460.32.03", models=("rtx-3090",))["gpu0.name"] == "GeForce RTX 3090"


@pytest.mark.parametrize(("model", "first", "last"), [("rtx-5090", 570, 999), ("k80", 0, 474), ("gtx-1080", 0, 584)])
def test_without_a_driver_one_is_taken_that_knows_the_model(model: str, first: int, last: int) -> None:
    release = made(models=(model,))["driver_version"]
    assert first <= int(release.partition(".")[0]) <= last
    assert "." in release


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.id)
def test_every_fault_makes_a_state_of_known_keys_that_differs(fault: Fault) -> None:
    assert made(gpus=2, faults=(fault.id,)) != made(gpus=2) or fault.offered != "both"


def test_the_last_gpu_is_lost_and_cuda_lists_one_less() -> None:
    found = made(gpus=2, faults=("lost-gpu",))
    assert (found["gpu1.nvmlDeviceGetHandleByIndex"], found["cuda_device_count"]) == ("15", "1")


def test_memory_that_is_taken_has_a_holder() -> None:
    found = made(models=("t4",), faults=("memory-taken",))
    used = (16 << 30) - (200 << 20)
    assert (found["gpu0.mem_used"], found["gpu0.procs"]) == (str(used), f"4242:{used}")
    assert found["process.4242"] == "python train.py"


def test_a_gpu_is_divided_as_asked() -> None:
    found = made(gpus=2, mig=("1:2x3g.20gb",))
    assert (found["gpu1.mig"], found["gpu1.mig_count"], found["gpu1.mig_profile"]) == ("1", "2", "3g.20gb")
    assert found["gpu1.mig_mem_total"] == str(20 << 30)
    assert "gpu0.mig" not in found
    assert made(mig=("on",))["gpu0.mig_count"] == "0"


def test_as_many_gpus_as_the_libraries_know_fit_into_a_state() -> None:
    assert len(made(gpus=MOST_GPUS)) <= MOST_LINES


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"models": ("voodoo2",)}, ["voodoo2", "a100-sxm4-40", "rtx-5090"]),
        ({"faults": ("on-fire",)}, ["on-fire", "driver-mismatch", "hang"]),
        ({"faults": ("no-nvml", "no-libcuda")}, ["nothing is left"]),
        ({"driver": "new"}, ["--driver new", "550.54.15"]),
        ({"driver": "999.1"}, ["branch 999", "550"]),
        ({"driver": "535.1", "models": ("rtx-5090",)}, ["Blackwell", "570"]),
        ({"driver": "550.1", "models": ("k80",)}, ["Kepler", "470"]),
        ({"models": ("k80", "rtx-5090")}, ["no driver knows", "Tesla K80"]),
        ({"gpus": 65}, ["65", "64"]),
        ({"gpus": 1, "models": ("t4", "l4")}, ["--gpus 1", "2 models"]),
        ({"mig": ("half",)}, ["half", "no MIG layout"]),
        ({"mig": ("3:1g.5gb",)}, ["there are 1 GPUs"]),
    ],
)
def test_an_option_that_means_nothing_is_said_with_what_is_known(options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(Trouble) as caught:
        made(**options)
    assert caught.value.code == 2
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize("line", ["gpu.color=red", "device-count=2", "no equals sign", f"gpu.name={'x' * 600}"])
def test_a_line_that_the_libraries_would_pass_over_is_refused(line: str) -> None:
    with pytest.raises(Trouble, match=r"m\.state, line 2"):
        read_state(f"# mine\n{line}\n", "m.state")


def test_what_is_simulated_is_one_sentence() -> None:
    asked = Asked(models=("t4", "t4", "l4"), faults=("ecc",), state="m.state")
    assert said(asked, machine_of(Asked(models=("t4", "t4", "l4"), faults=("ecc",)))) == (
        "simulated, it cannot compute: 2 x Tesla T4, 1 x NVIDIA L4, driver 550.54.15 (CUDA 12.4), ecc, "
        "changed by m.state"
    )
