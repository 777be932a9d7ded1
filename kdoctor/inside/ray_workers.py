"""Place workers that train together on the nodes of a Ray cluster; for ray_nodes.py, beside it."""

import contextlib
import json
import os
import secrets
import socket
import sys

from ray_join import Stop
from ray_node import answer, environ_of_node

MEET_S = 20  # for a node to answer; Ray lists one that has died for some seconds more


def shares(nodes, workers):
    """(name, node, device kind, threads, its number on the node) of each worker, spread over the nodes in turn.

    One for each GPU where the cluster has any, else one for each processor at most, and the same threads for all.
    """
    kind = "GPU" if any(node["Resources"].get("GPU", 0) >= 1 for _, node in nodes) else "CPU"
    room = [int(node["Resources"].get(kind, 0)) for _, node in nodes]
    if workers > sum(room):
        what = "GPUs" if kind == "GPU" else "processors"
        said = "--workers %d: the cluster has %d %s on %d nodes that answer" % (workers, sum(room), what, len(nodes))
        raise Stop("workers-too-many", said, "A worker needs a GPU or a processor of its own.")
    counts = [0] * len(nodes)
    places = []
    while len(places) < workers:
        for index in range(len(nodes)):
            if counts[index] < room[index] and len(places) < workers:
                places.append((index, counts[index]))
                counts[index] += 1
    threads = min(int(nodes[index][1]["Resources"].get("CPU", 1)) // counts[index] for index, _ in places)
    return [(*nodes[index], kind.lower(), max(1, threads), number) for index, number in places]


def meeting(address):
    """A port of that address on which nobody listens; on the node of worker 0."""
    with contextlib.closing(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def worker(request, asked, number, cpus, shipped):
    """One worker on its node; ``number``: among those of the node, which has so many processors by Ray's count.

    Only where these are all that there are, each worker keeps to its own: nodes may share a machine.
    """
    if asked["device"] == "gpu":
        import ray

        mine = str(ray.get_gpu_ids()[0])
        visible = environ_of_node().get("CUDA_VISIBLE_DEVICES", "").split(",")  # which the child is started with
        asked["device"] = "gpu:%d" % (visible.index(mine) if mine in visible else int(mine))
    elif hasattr(os, "sched_getaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        own = cores[number * asked["threads"] : (number + 1) * asked["threads"]]
        asked["cores"] = own if len(cores) == cpus else []
    given = {"KDOCTOR_WORKER": json.dumps(asked)}  # by a variable: the word in it is not for others on the node
    return answer(dict(request, command=["fleet", "worker"], variables=given), shipped)


def answered(ray, asked):
    """What each reference stands for, by its answer; a node that does not answer in time is left out."""
    done, _ = ray.wait(list(asked), num_returns=len(asked), timeout=MEET_S)
    found = {asked[ref]: value(ray, ref) for ref in done}
    return {number: port for number, port in found.items() if port}


def value(ray, ref):
    """An answer that is ready, 0 where its node is gone."""
    try:
        return ray.get(ref, timeout=MEET_S)
    except Exception as error:  # of the many kinds that Ray has for it
        sys.stderr.write("kdoctor: %s\n" % error)
        return 0


def begin(ray, nodes, request, voice, address):
    """The tasks by the name of their worker, after it was said who they are."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def on(node, **resources):
        strategy = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        return dict(resources, scheduling_strategy=strategy, name="kdoctor")

    find = ray.remote(max_retries=0)(meeting)
    asked = {
        find.options(**on(row[1], num_cpus=0)).remote(row[1]["NodeManagerAddress"]): number
        for number, row in enumerate(nodes)
    }
    ports = answered(ray, asked)
    there = [row for number, row in enumerate(nodes) if number in ports]
    places = shares(there, request["workers"])
    names = ["%d %s" % (rank, place[0]) for rank, place in enumerate(places)]
    voice.say("joined", address=address, nodes=names)
    first = places[0][1]
    port = ports[[row[1] for row in nodes].index(first)]
    work = ray.remote(max_retries=0, max_calls=1)(worker)
    word = secrets.token_hex(16)
    return work, [
        (
            name,
            on(node, num_cpus=threads, num_gpus=1 if kind == "gpu" else 0),
            dict(
                request["asked"],
                device=kind,
                rank=rank,
                world=len(places),
                address=first["NodeManagerAddress"],
                port=port,
                word=word,
                threads=threads,
                batch_size=request["asked"]["batch_size"] or (request["usual_batch"] if kind == "cpu" else 0),
            ),
            number,
            int(node["Resources"].get("CPU", 0)),
        )
        for rank, (name, (_, node, kind, threads, number)) in enumerate(zip(names, places))
    ]
