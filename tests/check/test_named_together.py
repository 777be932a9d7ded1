"""Packages, libraries and interpreters that one text names, held against each other."""

from __future__ import annotations

import pytest

from kdoctor.check.from_text import judge
from kdoctor.check.marks import marks_of
from kdoctor.check.registry import find_rules
from kdoctor.model.facts.symptoms import Symptoms
from kdoctor.symptoms.read import Reader


def read(text: str) -> Symptoms:
    reader = Reader(quick=True)
    reader.read("log", [text.encode()])
    return reader.symptoms()


MISSING = "ImportError: libcudnn.so.7: cannot open shared object file: No such file or directory\n"


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("tensorflow 2.12.0 numpy 2.0.1", "numpy-breaks-tensorflow"),
        ("tensorflow 2.6.0 protobuf 4.21.0", "protobuf-breaks-tensorflow"),
        ("tensorflow 1.15.0 h5py 3.1.0", "h5py-breaks-tensorflow"),
        ("which pip\n/usr/bin/pip\nwhich python\n/opt/conda/bin/python", "two-interpreters"),
        (
            "pip 20.1 from /a/lib/python2.7/site-packages/pip (python 2.7)\npip 20.0 from /b (python 3.7)",
            "two-interpreters",
        ),
        (MISSING + "/opt/cuda/lib64/libcudnn.so.7.6.5", "missing-on-disk"),
        (MISSING + "/opt/cuda/lib64/libcudnn.so.8.1.0", "cudnn-other-on-disk"),
        ("it looks for cudnn64_5.dll, the archive holds cudnn64_6.dll", "cudnn-other-on-disk"),
        ("TensorFlow 2.18, nvidia-cudnn-cu12 9.1.0.70", "cudnn-older-than-built"),
        ("TensorFlow 2.18, cudnn 8.9", "cudnn-other-than-built"),
        ("tensorflow 1.14.0 keras 2.4.3", "keras-tf-pair-wrong"),
        ("module load cuda/10.1, cudatoolkit 10.0", "two-cuda-versions"),
        ("CUDA used to build PyTorch: 10.2\nNvidia driver version: 418.67", "driver-below-minimum"),
        ("torch==2.3.0+cu121\n__cuda=11.4=0", "driver-below-minimum"),
        ("TensorFlow version: 2.15\n| NVIDIA-SMI 470.57  CUDA Version: 11.4 |", "driver-below-minimum"),
        ("torch 2.0.1+cu117 on a RTX 5090", "gpu-newer-than-cuda"),
        ("TensorFlow 2.20, NVIDIA RTX PRO 1000 Blac...", "gpu-newer-than-cuda"),
    ],
)
def test_a_text_has_the_mark(text: str, mark: str) -> None:
    assert mark in marks_of(read(text))


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("tensorflow 2.18.0 numpy 2.0.1", "numpy-breaks-tensorflow"),
        ("/usr/bin/pip\n/usr/bin/python3", "two-interpreters"),
        (MISSING + "ls: cannot access '/opt/cuda/lib64/libcudnn.so.7': No such file or directory", "missing-on-disk"),
        ("TensorFlow 2.18, cudnn 9.5", "cudnn-older-than-built"),
        ("tensorflow 2.2.0 keras 2.4.3", "keras-tf-pair-wrong"),
        ("torch==2.3.0+cu118\nNvidia driver version: 470.82", "driver-below-minimum"),
        ("torch==2.3.0+cu121\n__cuda=12.0=0", "driver-below-minimum"),
        ("TensorFlow 2.4.1, RTX 3090", "gpu-newer-than-cuda"),
    ],
)
def test_what_fits_has_no_mark(text: str, mark: str) -> None:
    assert mark not in marks_of(read(text))


def test_a_weak_sign_is_named_only_where_the_text_tells_of_trouble() -> None:
    calm = "~/.keras/keras.json"
    troubled = f"{calm} has an error"
    rules = find_rules().items
    assert [finding.cause for finding in judge(read(calm), rules)] == []
    assert [finding.cause for finding in judge(read(troubled), rules)] == ["keras-backend-misconfigured"]
