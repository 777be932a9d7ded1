"""What must hold between the clues, the signatures and the taxonomy."""

from __future__ import annotations

import re

from kdoctor.knowledge import clues, signatures
from kdoctor.knowledge.taxonomy import taxonomy

CAUSES = {cause.id for cause in taxonomy().causes}
WEIGHTS = [
    *(row.names for row in clues.clues()),
    *(row.names for row in clues.table().combinations),
    *(row.names for row in signatures.signatures()),
]
IDS = [*(row.id for row in clues.clues()), *(row.id for row in signatures.signatures())]


def test_every_cause_named_is_one_of_the_taxonomy() -> None:
    table = clues.table()
    named = {cause for names in WEIGHTS for cause in names}
    dropped = {cause for row in table.combinations for cause in row.drops} - {"*"}
    assert (named | dropped | set(table.no_gpu)) - CAUSES == set()


def test_weights_are_chances() -> None:
    assert [names for names in WEIGHTS for weight in names.values() if not 0 < weight < 1] == []


def test_every_cause_that_is_not_benign_is_told() -> None:
    causes = {cause.id for cause in taxonomy().causes if not cause.benign}
    assert {row.id for row in clues.table().causes} == causes


def test_ids_are_unique_and_no_harmless_signature_names_a_cause() -> None:
    assert len(IDS) == len(set(IDS))
    assert [row.id for row in signatures.signatures() if row.harmless and row.names] == []


def test_each_sample_matches_its_expression() -> None:
    assert [row.id for row in clues.clues() if not re.search(row.regex, row.sample)] == []


def test_every_sign_of_a_combination_is_known_somewhere() -> None:
    marks = {
        "capability-unsupported", "crashed", "crashed-python", "cuda-built-for", "cuda-line", "cuda-not-built-for",
        "cuda-other-on-disk", "cuda-other-than-missing", "cuda-same-as-missing", "cudnn-loaded-lower",
        "cudnn-loaded-other", "cudnn-older-than-built", "cudnn-other-on-disk", "cudnn-other-than-built",
        "cudnn-other-than-missing", "cudnn-same-as-missing", "cudnn-second-copy", "driver-below-minimum",
        "driver-two-releases", "gpu-newer-than-cuda", "gpu-works", "h5py-breaks-tensorflow", "in-container",
        "keras-tf-pair-wrong", "memory-nearly-full", "missing-cuda", "missing-cudnn", "missing-libcuda",
        "missing-on-disk", "no-gpu-said", "numpy-breaks-tensorflow", "nvidia-gpu-stated", "opened-cuda",
        "protobuf-breaks-tensorflow", "python-without-wheel", "tf-windows-dropped", "torch-gpu-build",
        "two-cuda-versions", "two-interpreters", "visible-impossible", "visible-nonzero",
    }  # fmt: skip
    signs = {sign for row in clues.table().combinations for sign in (*row.all, *row.any, *row.none)}
    unknown = {sign for sign in signs - set(IDS) - marks if not re.fullmatch(r"\w+(>=|<)[\d.]+", sign)}
    assert unknown == set()
