"""What the GPU table and the GPU code answer."""

from __future__ import annotations

import pytest

from kdoctor.knowledge import gpus
from kdoctor.knowledge.gpu_code import Coverage, coverage
from kdoctor.model.version import ComputeCapability


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("GeForce GTX 1080 Ti", "gtx-1080-ti"),
        ("NVIDIA A100-PCIE-80GB", "a100-pcie-80"),
        ("NVIDIA A100 80GB PCIe", "a100-pcie-80"),
        ("Tesla T4", "t4"),
        ("NVIDIA L40S", "l40s"),
    ],
)
def test_a_product_name_tells_the_model(name: str, model: str) -> None:
    found = gpus.model_of(name)
    assert found is not None
    assert found.id == model


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA GeForce RTX 4090 Laptop GPU",
        "GeForce GTX 970M",
        "GeForce GTX 980M",
        "NVIDIA GeForce GTX 1650 Ti",
        "Quadro RTX 5000 with Max-Q Design",
        "NVIDIA RTX 5000 Ada Generation Laptop GPU",
        "NVIDIA RTX PRO 5000 Blackwell Generation Laptop GPU",
        "NVIDIA GB100",
        "AMD Radeon RX 7900 XTX",
    ],
)
def test_a_relative_of_a_listed_model_is_not_that_model(name: str) -> None:
    assert gpus.model_of(name) is None


@pytest.mark.parametrize(
    ("text", "architecture"),
    [
        ("GF108M [GeForce GT 540M]", "Fermi"),
        ("GK210GL [Tesla K80]", "Kepler"),
        ("NVIDIA Corporation GP107 [GeForce GTX 1050 Ti] (rev a1)", "Pascal"),
        ("TU116M [GeForce GTX 1660 Ti Mobile]", "Turing"),
        ("AD102GL [L40S]", "Ada"),
        ("GB202 [GeForce RTX 5090]", "Blackwell"),
        ("GB110 [B300 SXM6 AC]", "Blackwell Ultra"),
    ],
)
def test_a_chip_code_name_tells_the_architecture(text: str, architecture: str) -> None:
    found = gpus.architecture_of_chip(text)
    assert found is not None
    assert found.name == architecture


@pytest.mark.parametrize("text", ["Navi 21 [Radeon RX 6800]", "GeForce MX150", ""])
def test_text_without_a_known_chip_tells_nothing(text: str) -> None:
    assert gpus.architecture_of_chip(text) is None


@pytest.mark.parametrize(
    ("capability", "name", "last_branch"),
    [("3.5", "Kepler", 470), ("6.1", "Pascal", 580), ("8.9", "Ada", None), ("12.0", "Blackwell", None)],
)
def test_a_capability_tells_the_architecture_and_its_last_driver(
    capability: str, name: str, last_branch: int | None
) -> None:
    found = gpus.architecture_of_capability(ComputeCapability(capability))
    assert found is not None
    assert (found.name, found.last_driver_branch) == (name, last_branch)


def test_an_unknown_capability_has_no_architecture() -> None:
    assert gpus.architecture_of_capability(ComputeCapability("99.0")) is None


TENSORFLOW = ("sm_60", "sm_70", "sm_80", "sm_89", "compute_90")
TORCH = ("7.5", "8.0", "8.6", "9.0", "10.0", "12.0+PTX")


@pytest.mark.parametrize(
    ("targets", "capability", "expected"),
    [
        (TENSORFLOW, "5.2", "none"),
        (TENSORFLOW, "6.1", "native"),
        (TENSORFLOW, "7.5", "native"),
        (TENSORFLOW, "8.6", "native"),
        (TENSORFLOW, "9.0", "native"),
        (TENSORFLOW, "10.0", "jit"),
        (TENSORFLOW, "12.0", "jit"),
        (TORCH, "7.0", "none"),
        (TORCH, "8.9", "native"),
        (TORCH, "10.3", "native"),
        (TORCH, "11.0", "none"),
        (TORCH, "12.1", "native"),
        (TORCH, "13.0", "jit"),
        (("sm_89",), "8.6", "none"),
        (("sm_100",), "12.0", "none"),
        (("sm_90a",), "9.0", "native"),
        (("sm_100a",), "10.3", "none"),
        (("sm_100f",), "10.3", "native"),
        (("compute_90a",), "10.0", "none"),
        (("ptx_90",), "9.0", "jit"),
        (("gfx90a", "nonsense"), "9.0", "none"),
        ((), "9.0", "none"),
    ],
)
def test_code_runs_on_its_major_and_ptx_on_anything_newer(
    targets: tuple[str, ...], capability: str, expected: Coverage
) -> None:
    assert coverage(targets, ComputeCapability(capability), bare_compute_is_both=True) == expected


def test_compute_alone_is_ptx_where_it_does_not_mean_both() -> None:
    assert coverage(("compute_90",), ComputeCapability("9.0"), bare_compute_is_both=False) == "jit"
    assert coverage(("compute_90",), ComputeCapability("9.0"), bare_compute_is_both=True) == "native"
