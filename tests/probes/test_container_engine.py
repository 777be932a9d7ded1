from __future__ import annotations

import json
from pathlib import Path

from kdoctor.host.sysroot import SysrootHost
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.container_engine import ContainerEngine
from kdoctor.probes.container_engine import probe
from tests.probes.tree import machine

APP = "/home/user/app"
RESERVED = "services:\n  a:\n    deploy:\n      resources:\n        devices:\n          - driver: nvidia\n"


def engine(folder: Path, files: dict[str, str]) -> ContainerEngine:
    section = probe(machine(folder, {"/usr/bin/dockerd": "", **files}, cwd=APP))
    assert isinstance(section, ContainerEngine)
    return section


def wishes(folder: Path, name: str, text: str) -> list[tuple[str, str]]:
    return [(wish.kind, wish.words) for wish in engine(folder, {f"{APP}/{name}": text}).wishes]


def test_without_a_daemon_there_is_no_engine(tmp_path: Path) -> None:
    assert isinstance(probe(machine(tmp_path, {"/usr/bin/docker": ""}, cwd=APP)), Absent)


def test_daemons_of_three_kinds_are_told_apart(tmp_path: Path) -> None:
    section = engine(tmp_path, {"/snap/docker/current/bin/dockerd": "", "/usr/bin/podman": ""})
    assert [(item.kind, item.path) for item in section.engines] == [
        ("docker", "/usr/bin/dockerd"),
        ("snap", "/snap/docker/current/bin/dockerd"),
        ("podman", "/usr/bin/podman"),
    ]


def test_the_toolkit_is_its_programs_its_settings_and_specifications(tmp_path: Path) -> None:
    files = {
        "/usr/bin/nvidia-ctk": "",
        "/etc/docker/daemon.json": '{"runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}',
        "/etc/cdi/nvidia.yaml": "kind: nvidia.com/gpu\n",
        "/etc/cdi/other.yaml": "kind: example.com/disk\n",
        "/usr/share/containers/oci/hooks.d/oci-nvidia-hook.json": "{}",
    }
    section = engine(tmp_path, files)
    assert (section.toolkit, section.registered, section.cdi, section.hooks) == (
        ("/usr/bin/nvidia-ctk",),
        ("/etc/docker/daemon.json",),
        ("/etc/cdi/nvidia.yaml",),
        ("/usr/share/containers/oci/hooks.d/oci-nvidia-hook.json",),
    )


def test_a_compose_file_asks_for_a_gpu_in_several_ways(tmp_path: Path) -> None:
    assert wishes(tmp_path / "1", "compose.yaml", RESERVED) == [("device", "- driver: nvidia")]
    assert wishes(tmp_path / "2", "docker-compose.yml", "services:\n  a:\n    runtime: nvidia\n") == [
        ("runtime", "runtime: nvidia")
    ]
    assert wishes(tmp_path / "3", "compose.yml", "services:\n  a:\n    gpus: all\n") == [("device", "gpus: all")]


def test_a_comment_and_another_driver_ask_for_nothing(tmp_path: Path) -> None:
    text = "services:\n  a:\n    # gpus: all\n    logging:\n      driver: json-file\n"
    assert wishes(tmp_path, "compose.yaml", text) == []


def test_a_dockerfile_starts_from_an_image_for_gpus(tmp_path: Path) -> None:
    text = "FROM --platform=linux/amd64 nvidia/cuda:12.5.1-runtime-ubuntu22.04\n"
    assert wishes(tmp_path / "1", "Dockerfile", text) == [("image", text.strip())]
    assert wishes(tmp_path / "2", "Dockerfile", "FROM python:3.12-slim\nRUN echo nvidia/cuda\n") == []


def test_settings_that_may_not_be_read_are_not_taken_for_empty(tmp_path: Path) -> None:
    settings = "/etc/docker/daemon.json"
    document = {"unreadable": {settings: {"reason": "denied"}}, "names": {"/usr/bin": ["dockerd"]}}
    (tmp_path / "root").mkdir()
    (tmp_path / "machine.json").write_text(json.dumps(document), encoding="utf-8")
    section = probe(SysrootHost(str(tmp_path)))
    assert isinstance(section, ContainerEngine)
    assert (section.registered, section.unread) == ((), (settings,))
