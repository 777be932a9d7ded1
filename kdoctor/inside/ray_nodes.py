"""Run one kdoctor command on every node of a Ray cluster. Run by kdoctor's own interpreter, which has Ray.

Argument: kdoctor's process number. The request comes from stdin, events leave as JSON, a line each, by what was stdout;
whatever Ray prints goes to stderr. It joins a cluster and never starts one. Its end ends what it started on the nodes:
Ray kills a job's workers, and the command on a node is tied to its worker (see ray_node.py).
"""

import base64
import collections
import json
import os
import sys
import threading
import time

import conda_child
import ray_join
import ray_node
import ray_workers

SCRIPT_DIRECTORY = sys.path.pop(0)

START_S = 5  # what a node may need beyond the time of the command itself
ANSWER_S = 5  # for an answer that is ready
GRACE_S = 5  # for workers that train together, once one of them has ended
BEAT_S = 1
LEAVE_S = 5
CRASHED = 2  # DeathReason UNEXPECTED_TERMINATION of Ray's gcs.proto


class Voice:
    """The way out, for the main thread and the one that says that there is life."""

    def __init__(self, descriptor):
        """To that descriptor."""
        self.descriptor = descriptor
        self.lock = threading.Lock()

    def say(self, event, **fields):
        """One event."""
        line = json.dumps(dict(fields, event=event)).encode() + b"\n"
        with self.lock:
            while line:
                line = line[os.write(self.descriptor, line) :]

    def beat(self):
        """Say for ever that there is life."""
        while True:
            self.say("alive")
            time.sleep(BEAT_S)


def named(nodes):
    """Each node with a name of its own: that of its host, and its address and port where hosts share one."""

    def short(node):
        own = node.get("NodeName") or ""
        return own if own not in ("", node["NodeManagerAddress"]) else node["NodeManagerHostname"]

    def longer(node):
        return "%s@%s" % (short(node), node["NodeManagerAddress"])

    def longest(node):
        return "%s:%s" % (longer(node), node["NodeManagerPort"])

    counts = collections.Counter(name(node) for node in nodes for name in (short, longer))
    return [
        (next((name(node) for name in (short, longer) if counts[name(node)] == 1), longest(node)), node)
        for node in nodes
    ]


def crashed(nodes, alive):
    """Nodes that the cluster has lost and that did not come back."""
    there = {(node.get("NodeName"), node["NodeManagerAddress"]) for node in alive}
    for node in nodes:
        place = (node.get("NodeName"), node["NodeManagerAddress"])
        if not node["Alive"] and node.get("DeathReason") == CRASHED and place not in there:
            there.add(place)
            yield node


def ask(ray, nodes, request, voice):
    """Start the command on every node and say each answer as it comes."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ray.cloudpickle.register_pickle_by_value(ray_node)
    answer = ray.remote(max_retries=0, max_calls=1)(ray_node.answer)
    shipped = [ray.put(ray_node.packed(request["package"]))]
    pending = {}
    for name, node in nodes:
        whole = node["Resources"] if request["alone"] else {}
        place = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        asked = answer.options(
            num_cpus=whole.get("CPU", 0), num_gpus=whole.get("GPU", 0), scheduling_strategy=place, name="kdoctor"
        )
        pending[asked.remote(request, shipped)] = name
    hear(ray, pending, request, voice)


def together(ray, nodes, request, voice, address):
    """Start workers that train together, and say each one's answer as it comes."""
    for module in (ray_node, ray_workers):
        ray.cloudpickle.register_pickle_by_value(module)
    work, workers = ray_workers.begin(ray, nodes, request, voice, address)
    shipped = [ray.put(ray_node.packed(request["package"]))]
    pending = {work.options(**where).remote(request, *given, shipped): name for name, where, *given in workers}
    hear(ray, pending, request, voice)


def hear(ray, pending, request, voice):
    """Each answer as it comes, ``pending`` by reference; those that do not come in time are given up."""
    deadline = time.monotonic() + request["limit_s"] + START_S
    while pending and time.monotonic() < deadline:
        done, _ = ray.wait(list(pending), num_returns=len(pending), timeout=0.25)
        for ref in done:
            voice.say("answer", node=pending.pop(ref), **outcome(ray, ref))
        if done and request["workers"]:
            deadline = min(deadline, time.monotonic() + GRACE_S)
    for ref, name in pending.items():
        said = "no answer in %g s" % request["limit_s"]
        if request["alone"]:
            said += "; other jobs of the cluster may hold its processors or GPUs"
        voice.say("answer", node=name, lost="hung", said=said)
        cancel(ray, ref)


def outcome(ray, ref):
    """An answer's fields; whatever became of a node costs no other."""
    try:
        found = ray.get(ref, timeout=ANSWER_S)
        report = base64.b64encode(found["report"]).decode("ascii")
        return {"report": report, "lost": found["lost"], "said": found["said"]}
    except ray.exceptions.RayTaskError as error:
        lines = str(error).strip().splitlines() or [""]
        return {"lost": "refused", "said": lines[-1][:200]}
    except ray.exceptions.GetTimeoutError:
        return {"lost": "hung", "said": "its answer did not arrive"}
    except Exception as error:
        gone = "Unschedulable" in type(error).__name__
        lines = str(error).strip().splitlines() or [""]
        said = lines[0].partition(". ")[0][:150]  # what follows has numbers that differ from node to node
        return {"lost": "unreachable" if gone else "died", "said": "%s: %s" % (type(error).__name__, said)}


def cancel(ray, ref):
    """End the task; a node that hangs does not hear it, and loses the task with the job."""
    try:
        ray.cancel(ref, force=True)
    except Exception as error:
        sys.stderr.write("%s\n" % error)


def work(request, voice):
    """Join, ask, leave."""
    import ray

    address = request["address"] if request["address"] != "auto" else ray_join.found_address()
    ray_join.knock(address)
    ray_join.join(ray, address, voice, request["join_s"])
    known = ray.nodes()
    alive = [node for node in known if node["Alive"]]
    gone = list(crashed(known, alive))
    names = named(alive + gone)
    if request["workers"]:
        together(ray, names[: len(alive)], request, voice, address)
    else:
        voice.say("joined", address=address, nodes=[name for name, _ in names])
        for name, node in names[len(alive) :]:
            said = node.get("DeathReasonMessage") or "the cluster lost it earlier"
            voice.say("answer", node=name, lost="unreachable", said=said[:200])
        ask(ray, names[: len(alive)], request, voice)
    voice.say("end")
    leaving = threading.Thread(target=ray.shutdown, daemon=True)
    leaving.start()
    leaving.join(LEAVE_S)


def main():
    """Whatever happens is an event."""
    conda_child.end_with(int(sys.argv[1]))
    voice = Voice(os.dup(1))
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    threading.Thread(target=voice.beat, daemon=True).start()
    try:
        work(request, voice)
    except ray_join.Stop as stop:
        voice.say("stop", reference=stop.args[0], message=stop.args[1], hint=stop.args[2])
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
