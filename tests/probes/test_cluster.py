from __future__ import annotations

from pathlib import Path

from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.cluster import Cluster
from kdoctor.probes.cluster import probe
from tests.probes.tree import machine


def test_slurms_configuration_names_the_gpus_of_its_nodes(tmp_path: Path) -> None:
    text = "NodeName=a Gres=gpu:a100:4\nNodeName=b CPUs=8 Gres=disk:1,gpu:v100:2\nNodeName=c Gres=gpu:a100:4\n"
    assert probe(machine(tmp_path, {"/etc/slurm/slurm.conf": text})) == Cluster(
        kind="slurm", signs=("/etc/slurm/slurm.conf",), gpu_types=("gpu:a100:4", "gpu:v100:2")
    )


def test_a_command_on_the_path_is_a_sign_too(tmp_path: Path) -> None:
    host = machine(tmp_path, {"/opt/lsf/bin/bsub": ""})
    host.environ = {"PATH": "/usr/bin:/opt/lsf/bin"}
    assert probe(host) == Cluster(kind="lsf", signs=("/opt/lsf/bin/bsub",))


def test_without_either_there_is_no_cluster(tmp_path: Path) -> None:
    assert isinstance(probe(machine(tmp_path, {})), Absent)
