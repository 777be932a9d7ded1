"""Would these files give a GPU build that works, and on which drivers? Files in, findings and outcomes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from kdoctor.check.diagnose import Diagnosis, finding_of
from kdoctor.check.written.chosen import GpuBuild, Judged, Said
from kdoctor.check.written.others import judge_jax, judge_torch, of_any
from kdoctor.check.written.tensorflow import judge as judge_tensorflow
from kdoctor.knowledge import cuda as cuda_table
from kdoctor.knowledge import images
from kdoctor.model.facts.written import WrittenFile
from kdoctor.model.finding import Outcome
from kdoctor.model.rule import Rule

FRAMEWORKS = {"tensorflow": judge_tensorflow, "jax": judge_jax, "torch": judge_torch}
NOT_FOR_GPU = "cpu-only-build-installed"
OF_FILES = (
    "cpu-only-build-installed", "cuda-lib-missing", "cuda-libs-not-on-path", "cuda-wrong-version", "cudnn-missing",
    "cudnn-wrong-version", "gpu-hidden-by-env", "h5py-mismatch", "keras-tf-mismatch", "musl-without-wheels",
    "numpy-abi", "protobuf-mismatch", "python-unsupported", "tensorflow-not-installed", "tensorflow-packages-overlap",
)  # fmt: skip


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Of one file: it with its builds and driver, what is wrong, and what the tables do not tell."""

    file: WrittenFile
    said: tuple[Said, ...]
    unknown: tuple[str, ...]


def judged(file: WrittenFile) -> Verdict:
    """One file. What concerns a CPU build is not said where another framework has a GPU build."""
    backend = next((one.value.lower() for one in reversed(file.settings) if one.name == "KERAS_BACKEND"), "")
    judges = {backend: FRAMEWORKS[backend]} if backend in FRAMEWORKS else FRAMEWORKS
    found: list[Judged] = [judge(file) for judge in judges.values()]
    builds = [item.build for item in found if item.build is not None]
    said = [one for item in found for one in item.said]
    if builds:
        said = [one for one in said if one.rule != NOT_FOR_GPU]
    said += of_any(file)
    healthy = not any(one.severity != "note" for one in said)
    driver = max((build.driver for build in (*builds, *_of_image(file)) if build.driver), default=None)
    return Verdict(
        file=msgspec.structs.replace(
            file,
            builds=tuple(build.text for build in builds) if healthy else (),
            driver=driver if healthy and builds else None,
        ),
        said=tuple(said),
        unknown=tuple(f"{file.path}: {item.unknown}" for item in found if item.unknown),
    )


def _of_image(file: WrittenFile) -> list[GpuBuild]:
    """NVIDIA's image starts only where the driver is new enough for its CUDA."""
    version = images.kind_of(file.image.text)[1] if file.image is not None else None
    if version is None:
        return []
    return [GpuBuild(title="the image", cuda=version, driver=cuda_table.minimum_driver(version))]


def diagnosed(verdicts: Iterable[Verdict], rules: Iterable[Rule]) -> Diagnosis:
    """Findings by the rules that have the same cause; an outcome for each rule that can be told from files."""
    by_name: Mapping[str, Rule] = {rule.name: rule for rule in rules if rule.name in OF_FILES}
    some = tuple(verdicts)
    findings = [finding_of(by_name[one.rule], one) for item in some for one in item.said if one.rule in by_name]
    fired = {finding.name for finding in findings}
    unknown = "; ".join(reason for item in some for reason in item.unknown)
    outcomes = []
    for name, rule in by_name.items():
        if name in fired:
            outcomes.append(Outcome(id=rule.id, name=name, state="fired"))
        elif unknown:
            outcomes.append(Outcome(id=rule.id, name=name, state="undetermined", reason=unknown))
        else:
            outcomes.append(Outcome(id=rule.id, name=name, state="clear", reason="nothing in the files speaks for it"))
    return Diagnosis(outcomes=tuple(outcomes), findings=tuple(findings))
