"""Which container engines run on this host, can they pass an NVIDIA GPU in, and does anything here ask for that?"""

import re
from typing import Literal

from kdoctor.host import Host, exists, is_file, names_in, text_of
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.container_engine import ContainerEngine, Engine, Wish

ENGINES: tuple[tuple[str, Literal["docker", "snap", "podman"]], ...] = (
    ("/usr/bin/dockerd", "docker"),
    ("/usr/sbin/dockerd", "docker"),
    ("/usr/local/bin/dockerd", "docker"),
    ("/snap/docker/current/bin/dockerd", "snap"),
    ("/usr/bin/podman", "podman"),
    ("/usr/local/bin/podman", "podman"),
)
TOOLKIT = ("nvidia-container-runtime-hook", "nvidia-container-runtime", "nvidia-container-toolkit", "nvidia-ctk")
TOOLKIT_FOLDERS = ("/usr/bin", "/usr/local/bin", "/usr/local/nvidia/toolkit", "/run/current-system/sw/bin")
CDI_FOLDERS = ("/etc/cdi", "/var/run/cdi")
HOOKS = "/usr/share/containers/oci/hooks.d"
SETTINGS = (
    "/etc/docker/daemon.json",
    "/var/snap/docker/current/config/daemon.json",
    "{home}/.config/docker/daemon.json",
)
COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
IMAGES = ("Dockerfile", "Containerfile", ".devcontainer/Dockerfile")
_FLAGS = re.MULTILINE | re.IGNORECASE
_RUNTIME = re.compile(r"^\s*runtime:\s*[\"']?nvidia\b", re.MULTILINE)
_DEVICE = re.compile(r"^\s*(?:-\s*)?(?:driver:\s*[\"']?nvidia\b|gpus:\s*\S+|-?\s*[\"']?nvidia\.com/gpu)", re.MULTILINE)
_IMAGE = re.compile(
    r"^FROM\s+(?:--\S+\s+)*(?:docker\.io/)?"
    r"(?:nvidia/cuda|nvcr\.io/nvidia/|tensorflow/tensorflow:\S*-gpu|pytorch/pytorch:\S*cuda)\S*",
    _FLAGS,
)
MOST_BYTES = 1 << 18


def probe(host: Host) -> ContainerEngine | Absent:
    """Look for the daemons, the toolkit's programs, CDI specifications and the settings; nothing is started."""
    engines = tuple(Engine(kind=kind, path=path) for path, kind in ENGINES if exists(host, path))
    if not engines:
        return Absent(looked=tuple(path for path, _ in ENGINES))
    programs = (f"{folder}/{name}" for folder in TOOLKIT_FOLDERS for name in TOOLKIT)
    settings = [path.format(home=host.user.home) for path in SETTINGS]
    texts = {path: host.read_text(path, limit=MOST_BYTES) for path in settings}
    return ContainerEngine(
        engines=engines,
        toolkit=tuple(path for path in programs if exists(host, path)),
        cdi=specifications(host),
        registered=tuple(path for path, text in texts.items() if isinstance(text, str) and '"nvidia"' in text),
        unread=tuple(path for path, text in texts.items() if not isinstance(text, str) and text.reason != "absent"),
        hooks=tuple(f"{HOOKS}/{name}" for name in names_in(host, HOOKS) if "nvidia" in name),
        wishes=wishes(host),
    )


def specifications(host: Host) -> tuple[str, ...]:
    """CDI specifications for NVIDIA GPUs."""
    paths = (f"{folder}/{name}" for folder in CDI_FOLDERS for name in names_in(host, folder))
    return tuple(path for path in paths if "nvidia.com/gpu" in text_of(host, path, limit=MOST_BYTES))


def wishes(host: Host) -> tuple[Wish, ...]:
    """Compose files and Dockerfiles in the current directory that are for a GPU; comments are no wish."""
    found: list[Wish] = []
    for name in (*COMPOSE, *IMAGES) if host.cwd else ():
        path = f"{host.cwd}/{name}"
        text = text_of(host, path, limit=MOST_BYTES) if is_file(host, path) else ""
        if name in IMAGES:
            match = _IMAGE.search(text)
            found += [Wish(kind="image", path=path, words=match[0][:80])] if match else []
            continue
        for kind, pattern in (("runtime", _RUNTIME), ("device", _DEVICE)):
            match = pattern.search(text)
            if match:
                found.append(Wish(kind="runtime" if kind == "runtime" else "device", path=path, words=match[0].strip()))
    return tuple(found)
