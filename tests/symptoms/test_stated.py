"""Versions and GPUs as people and programs name them."""

from __future__ import annotations

import pytest

from kdoctor.symptoms.stated import capability_of, stated_in


@pytest.mark.parametrize(
    ("line", "stated"),
    [
        ("TensorFlow version: 2.3.1", [("tensorflow", "2.3.1")]),
        ("- **TensorFlow version (use command below)**: v2.4", [("tensorflow", "2.4")]),
        ("nvidia-cudnn-cu11 8.6.0.163", [("cudnn", "8.6.0.163")]),
        ("Keras requires TensorFlow 2.2 or higher.", []),
        ("tensorflow-gpu==1.14.0", [("tensorflow", "1.14.0")]),
        ("tensorflow                2.10.0", [("tensorflow", "2.10.0")]),
        ("tf 2.0 beta with keras 2.2.4", [("tensorflow", "2.0"), ("keras", "2.2.4")]),
        ("| tf-keras | 2.16.0 |", [("tf-keras", "2.16.0")]),
        ("CUDA/cuDNN version: 10.1/7.6.5", [("cuda", "10.1"), ("cudnn", "7.6.5")]),
        ("CUDA Toolkit 11.2, cuDNN v8.1.0", [("cudnn", "8.1.0"), ("cuda", "11.2")]),
        ("NVIDIA-SMI 470.57  CUDA Version: 11.4", [("driver-cuda", "11.4"), ("driver", "470.57")]),
        ("Cuda compilation tools, release 10.0, V10.0.130", [("cuda", "10.0")]),
        ("it needs CUDA 9.0 and there is no cuda 9.0", []),
        ("GPU: GeForce GTX 1050 Ti", [("gpu", "GTX 1050 Ti")]),
        ("compute capability: 6.1", [("capability", "6.1")]),
        ("python 3.8.10 numpy 2.0.1", [("python", "3.8.10"), ("numpy", "2.0.1")]),
        ("loss: 0.3 accuracy: 0.9", []),
        ("CUDA/cuDNN version: CUDA v11.2, cudnn-11.2-windows-x64-v8.1.0.77", [("cuda", "11.2"), ("cudnn", "8.1.0.77")]),
        ("CUDA/cuDNN version: 12/8", [("cuda", "12"), ("cudnn", "8")]),
        ("tf.version.VERSION = 2.0.0", [("tensorflow", "2.0.0")]),
        ("tf.version.COMPILER_VERSION = 7.3.1", []),
        ("| TensorFlow version | 2.15 |", [("tensorflow", "2.15")]),
        ("jax/jaxlib version: 0.4.13", [("jaxlib", "0.4.13")]),
        ("jaxlib: 0.4.20+cuda11.cudnn86", [("jaxlib", "0.4.20")]),
        ("nvidia-cuda-runtime-cu12     12.3.101", [("cuda", "12.3.101")]),
        ("CUDA Driver Version / Runtime Version          11.4 / 11.2", [("driver-cuda", "11.4"), ("cuda", "11.2")]),
        ("virtual packages : __cuda=12.2=0", [("driver-cuda", "12.2")]),
        ("__glibc=2.35=0", [("glibc", "2.35")]),
        ("CUDA used to build PyTorch: 10.2", [("torch-cuda", "10.2")]),
        ("[pip] torch==1.5.0+cu101", [("torch", "1.5.0"), ("torch-cuda", "10.1")]),
        ("gpu_cuda: 10.1", [("cuda", "10.1")]),
        ("gpu_driver: 430.86", [("driver", "430.86")]),
        ("GPU model and memory: 3060 12gb", [("gpu", "RTX 3060")]),
        ("RTX 3500 Ada generation mobile", [("gpu", "RTX 3500 Ada")]),
    ],
)  # fmt: skip
def test_a_line_states(line: str, stated: list[tuple[str, str]]) -> None:
    assert list(stated_in(line)) == stated


@pytest.mark.parametrize(
    ("gpu", "capability"), [("GTX 1050 Ti", "6.1"), ("GRID K520", "3.0"), ("RTX 2000 Ada", "8.9"), ("XYZ 1", "")]
)
def test_a_model_has_a_compute_capability(gpu: str, capability: str) -> None:
    assert capability_of(gpu) == capability
