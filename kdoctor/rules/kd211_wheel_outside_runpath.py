"""A CUDA library is installed as a wheel in this environment, but the framework does not look in its directory.

What it means: the wheels of the nvidia-* packages unpack into site-packages/nvidia/*/lib, and the framework's library
carries a list of these directories (its runpath). One of them is not on the list of the library that does the
opening. TensorFlow 2.21.0 is shipped so: nvidia/cusolver/lib is on the list of libtensorflow_cc, but
libtensorflow_framework opens libcusolver.so.11. TensorFlow 2.16 and 2.17 have similar gaps.

Why it matters: everything is installed, and still "Cannot dlopen some GPU libraries. Skipping registering GPU
devices": no GPU.

What to do: a link to the library in a directory that is on the list, beside the other wheels; or LD_LIBRARY_PATH for
this environment; or a release without the gap.
"""

from kdoctor.advice import has_nvidia, link_beside, missed_wheel, quoted
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library, LibraryCopy, LibrarySearch
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD211",
        cause="cuda-libs-not-on-path",
        layer="cuda-libraries",
        severity="error",
        since="0.1.0",
        sources=(
            Source(
                "runpath of libtensorflow_framework.so.2 in the wheels 2.18.1 to 2.21.0, and runs of both", "2026-11-21"
            ),
        ),
        explains=("cudnn-missing", "cuda-lib-missing", "cuda-libs-not-on-path"),
    )
)
def wheel_outside_runpath(
    frameworks: Frameworks, cuda_libraries: CudaLibraries, gpus: Gpus | Absent | Unknown
) -> Verdict:
    """A library that the loader misses although a wheel of this environment has it.

    TensorFlow only: JAX loads the wheels by path, and PyTorch does so where its own search fails.
    """
    build = frameworks.get("tensorflow")
    search = cuda_libraries.get("tensorflow")
    if build is None or search is None:
        return NotApplicable("no TensorFlow with a CUDA build is installed")
    lost = [(item, copy) for item in search.libraries if (copy := missed_wheel(item)) is not None]
    if not lost:
        return Clear("every installed CUDA wheel is in the framework's search")
    return _found(build, search, lost, gpus)


def link_command(lost: LibraryCopy, search: LibrarySearch) -> str:
    """The command that links a library beside an opened one of the same nvidia folder, "" where there is none."""
    path, target = link_beside(lost, search)
    return f"ln -s {quoted(target)} {quoted(path)}" if path else ""


def _found(
    build: Build, search: LibrarySearch, lost: list[tuple[Library, LibraryCopy]], gpus: Gpus | Absent | Unknown
) -> Found:
    caller = search.caller.rpartition("/")[2]
    item, copy = lost[0]
    directories = dict.fromkeys(other.realpath.rpartition("/")[0] for _, other in lost)
    commands = [f"export LD_LIBRARY_PATH={quoted(':'.join(directories))}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"]
    text = "Add the directory to the loader's search for this environment, before Python starts."
    link = link_command(copy, search) if len(lost) == 1 else ""
    if link:
        text = "Link the library into a directory that is searched (or set LD_LIBRARY_PATH, second command)."
        commands.insert(0, link)
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    are = "are" if len(lost) > 1 else "is"
    return Found(
        what=f"{item.soname}{more} {are} installed (nvidia wheel), but {caller} does not look there."[:100],
        why=f"{build.title} opens it through {caller}, whose runpath lacks the directory; it then skips every GPU.",
        remedy=Remedy(text=text, commands=tuple(commands), safety="changes-environment"),
        evidence=(
            *(Evidence("installed", found.realpath, f"version {found.version or '?'}") for _, found in lost[:3]),
            Evidence("opened by", search.caller, build.title),
            *(Evidence("looked in", place, "loader") for place in item.looked[:3]),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
