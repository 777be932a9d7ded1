"""This host has a container engine and an NVIDIA GPU, and the engine cannot pass the GPU in.

What it means: Docker needs the NVIDIA Container Toolkit for `--gpus`, and the runtime `nvidia` registered for
`runtime: nvidia`; Podman needs a CDI specification. It is not there. Docker from a snap brings a toolkit of its own,
which it registers when it starts with the driver loaded; the host's toolkit does not serve it.

Why it matters: `docker run --gpus all` stops with: could not select device driver "" with capabilities: [[gpu]].

What to do: install the toolkit, register it, restart Docker. A host that trains without containers needs none of it.
"""

from kdoctor.advice import family, has_nvidia, seen_gpus
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.container_engine import ContainerEngine, Engine, Wish
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Severity, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

SITE = "https://nvidia.github.io/libnvidia-container"
KEY = "/usr/share/keyrings/nvidia-container-toolkit-keyring.gpg"
SIGNED = f"sed 's#deb https://#deb [signed-by={KEY}] https://#'"
DEB_LIST = "/etc/apt/sources.list.d/nvidia-container-toolkit.list"
RPM_LIST = "/etc/yum.repos.d/nvidia-container-toolkit.repo"
APT = (
    f"curl -fsSL {SITE}/gpgkey | sudo gpg --dearmor -o {KEY}",
    f"curl -fsSL {SITE}/stable/deb/nvidia-container-toolkit.list | {SIGNED} | sudo tee {DEB_LIST}",
    "sudo apt-get update && sudo apt-get install -y nvidia-container-toolkit",
)
DNF = (
    f"curl -fsSL {SITE}/stable/rpm/nvidia-container-toolkit.repo | sudo tee {RPM_LIST}",
    "sudo dnf install -y nvidia-container-toolkit",
)
INSTALL = {
    "ubuntu": APT,
    "debian": APT,
    "fedora": DNF,
    "rhel": DNF,
    "arch": ("sudo pacman -S nvidia-container-toolkit",),
    "opensuse": (
        f"sudo zypper ar {SITE}/stable/rpm/nvidia-container-toolkit.repo",
        "sudo zypper --gpg-auto-import-keys install -y nvidia-container-toolkit",
    ),
}
REGISTER = ("sudo nvidia-ctk runtime configure --runtime=docker", "sudo systemctl restart docker")
SPECIFY = ("sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",)


@rule(
    Declared(
        id="KD505",
        cause="container-toolkit-missing",
        layer="container",
        severity="error",
        since="0.1.0",
        sources=(
            Source("NVIDIA Container Toolkit: install guide; CDI support", "2026-11-22"),
            Source("canonical/docker-snap README, NVIDIA support @01b33b9", "2026-11-22"),
            Source("NVIDIA/nvidia-docker#1034, #1243, #1311, #1642: no toolkit, Docker from a snap", "2026-11-22"),
        ),
    )
)
def container_toolkit_missing(
    container_engine: ContainerEngine,
    container: Container | Absent | Unknown,
    driver: Driver | Absent | Unknown,
    gpus: Gpus | Absent | Unknown,
    frameworks: Frameworks | Absent | Unknown,
    system: System,
) -> Verdict:
    """An error only where a file here asks for a GPU in a container; a host that uses none is not told off."""
    if isinstance(container, Container):
        return NotApplicable("this is a container itself")
    if isinstance(driver, Unknown) or isinstance(gpus, Unknown):
        return Undetermined("needs to know the GPU and its driver")
    if not (has_nvidia(gpus) and isinstance(driver, Driver) and driver.module_loaded):
        return NotApplicable("there is no NVIDIA GPU with a loaded driver to pass in")
    if "snap" in {engine.kind for engine in container_engine.engines} and container_engine.unread:
        return Undetermined(f"{container_engine.unread[0]} may not be read")
    ready = {engine.kind: is_ready(container_engine, engine) for engine in container_engine.engines}
    wish = wish_refused(container_engine)
    if any(ready.values()):
        if wish is None:
            names = ", ".join(kind for kind, able in ready.items() if able)
            return Clear(f"{names}: {', '.join((*container_engine.toolkit, *container_engine.cdi))[:80]}")
        return _not_registered(container_engine, wish, gpus)
    severity = severity_of(container_engine, frameworks)
    if severity is None:
        return Clear("no engine here passes a GPU in, and nothing here asks for it")
    return _found(container_engine, system, gpus, severity)


def is_ready(section: ContainerEngine, engine: Engine) -> bool:
    """Whether the engine has what it needs to pass a GPU in."""
    if engine.kind == "podman":
        return bool(section.cdi or section.hooks)
    if engine.kind == "snap":
        return any("/snap/" in path for path in section.registered)
    return bool(section.toolkit or section.cdi)


def wish_refused(section: ContainerEngine) -> Wish | None:
    """A file that names the runtime nvidia, where no settings register it."""
    return (
        None
        if section.registered or section.unread
        else next((wish for wish in section.wishes if wish.kind == "runtime"), None)
    )


def severity_of(section: ContainerEngine, frameworks: Frameworks | Absent | Unknown) -> Severity | None:
    """How evidently containers with a GPU are wanted; None where nothing shows it."""
    kinds = {wish.kind for wish in section.wishes}
    if kinds & {"device", "runtime"}:
        return "error"
    if kinds or section.registered:
        return "warning"
    return "note" if isinstance(frameworks, Absent) else None


def _not_registered(section: ContainerEngine, wish: Wish, gpus: Gpus | Absent | Unknown) -> Found:
    return Found(
        what=f"{wish.path.rpartition('/')[2]} asks for the runtime nvidia, which Docker does not know.",
        why="Docker stops with: unknown or invalid runtime name: nvidia. The toolkit is there, but not registered.",
        remedy=Remedy(
            text="Register the runtime, then restart Docker. (If dockerd is given it as an option, all is well.)",
            commands=REGISTER,
            safety="needs-root",
        ),
        evidence=(
            Evidence("asks for", wish.words, wish.path),
            Evidence("runtime nvidia", "not registered", "/etc/docker/daemon.json"),
            *(Evidence("toolkit", "installed", path) for path in section.toolkit[:1]),
            *seen_gpus(gpus),
        ),
        confidence="likely",
    )


def _snap(section: ContainerEngine, gpus: Gpus | Absent | Unknown, severity: Severity) -> Found:
    return Found(
        what="Docker (from a snap) has not registered its NVIDIA runtime.",
        why="The snap sets its own toolkit up when it starts with the driver loaded; without it no GPU is passed in.",
        remedy=Remedy(
            text="Update and restart the snap, then use its runtime nvidia. Or replace it by Docker's own packages.",
            commands=(
                "sudo snap refresh docker",
                "sudo snap restart docker",
                "docker run --rm --runtime nvidia --gpus all ubuntu nvidia-smi",
            ),
            safety="needs-root",
        ),
        evidence=(*_seen(section), *seen_gpus(gpus)),
        severity="warning" if severity == "error" else severity,
        confidence="likely",
    )


def _seen(section: ContainerEngine) -> tuple[Evidence, ...]:
    return (
        *(Evidence("asks for a GPU", wish.words, wish.path) for wish in section.wishes[:3]),
        *(Evidence("runtime nvidia", "registered", path) for path in section.registered[:1]),
        *(Evidence("engine", engine.kind, engine.path) for engine in section.engines),
        Evidence("toolkit", section.toolkit[0] if section.toolkit else "not found", "/usr/bin/nvidia-ctk"),
        Evidence("CDI specification", "not found", "/etc/cdi, /var/run/cdi"),
    )


def _found(section: ContainerEngine, system: System, gpus: Gpus | Absent | Unknown, severity: Severity) -> Found:
    kinds = {engine.kind for engine in section.engines}
    if "docker" not in kinds and "snap" in kinds:
        return _snap(section, gpus, severity)
    podman = kinds == {"podman"}
    lacks = "no CDI specification for NVIDIA GPUs" if podman else "no NVIDIA Container Toolkit"
    install = () if section.toolkit else INSTALL.get(family(system), ())
    text = "Install the toolkit and write the specification." if podman else "Install the toolkit, then register it."
    error = "unresolvable CDI devices nvidia.com/gpu" if podman else 'could not select device driver "" with [[gpu]]'
    return Found(
        what=f"{'Podman' if podman else 'Docker'} cannot pass the GPU into a container: {lacks}.",
        why=f"A container that asks for a GPU does not start: {error}. Training outside of containers is not affected.",
        remedy=Remedy(text=text, commands=(*install, *(SPECIFY if podman else REGISTER)), safety="needs-root"),
        evidence=(*_seen(section), *seen_gpus(gpus)),
        severity=severity,
        confidence="certain" if severity == "error" else "likely",
    )
