"""For which GPUs does a build have only PTX, which the driver compiles at first use?"""

from kdoctor.knowledge import cuda, tensorflow
from kdoctor.knowledge.gpu_code import coverage
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpu, Gpus


def compiled_at_first_use(frameworks: Frameworks, gpus: Gpus) -> tuple[tuple[Build, Gpu], ...]:
    """CUDA builds in use, each with a GPU for which they have only PTX that works there."""
    found = []
    for build in frameworks.builds:
        row = tensorflow.wheel_of(build.version) if build.framework == "tensorflow" else None
        for gpu in gpus.nvidia if build.active and build.gpu == "cuda" else ():
            capability = gpu.compute_capability
            if capability is None or (row is not None and tensorflow.has_ptx_failure(capability)):
                continue
            first = cuda.first_with_code_for(capability)
            of_its_time = first is None or build.cuda is None or first.major <= build.cuda.major
            kind = coverage(build.gpu_code, capability, bare_compute_is_both=build.framework != "torch")
            if kind == "jit" and of_its_time:
                found.append((build, gpu))
    return tuple(found)
