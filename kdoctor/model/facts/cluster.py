"""The cluster that this machine is a part of, by its scheduler's own files and commands."""

from typing import Literal

from kdoctor.model.facts.base import Section


class Cluster(Section, frozen=True, kw_only=True):
    """``gpu_types``: the generic resources named gpu that Slurm's configuration lists, e.g. gpu:a100:4."""

    kind: Literal["slurm", "pbs", "lsf"]
    signs: tuple[str, ...]
    gpu_types: tuple[str, ...] = ()
