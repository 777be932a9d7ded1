"""A Ray cluster of three nodes on this machine, until its input ends; "add NAME GPUS" on a line starts another node.

Each answer is a line of JSON: the address, or the process number of the new raylet. The third node has a simulated GPU.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys

FAKE = (sys.executable, "-m", "kdoctor", "fake", "--quiet", "--", "env", "-0")


def simulated() -> dict[str, str]:
    """The variables that put a simulated driver in front."""
    ran = subprocess.run(FAKE, capture_output=True, check=True, text=True, timeout=120)
    rows = (row.partition("=") for row in ran.stdout.split("\0") if row)
    return {name: value for name, _, value in rows if os.environ.get(name) != value and name != "_"}


def main() -> None:
    """Start, say so, obey, and end all of it."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    cluster = importlib.import_module("ray.cluster_utils").Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "node_name": "n1"}
    )
    try:
        cluster.add_node(num_cpus=1, node_name="n2")
        cluster.add_node(num_cpus=1, node_name="n3", env_vars=simulated())
        print(json.dumps(cluster.address), file=out, flush=True)
        for line in sys.stdin:
            _, name, gpus = line.split()
            visible = {"CUDA_VISIBLE_DEVICES": "6,4"} if int(gpus) else {}
            node = cluster.add_node(num_cpus=2, num_gpus=int(gpus), node_name=name, env_vars=visible)
            print(node.all_processes["raylet"][0].process.pid, file=out, flush=True)
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
