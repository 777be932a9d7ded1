"""Become a driver of a Ray cluster, or say in one line why not, in bounded time. For ray_nodes.py, beside it."""

import os
import re
import socket
import threading

CONNECT_S = 5
VERSIONS = re.compile(r"Ray: (\S+)\s+Python: (\S+).*?Ray: (\S+)\s+Python: (\S+)", re.DOTALL)
NO_NODE = ("No node info found", "can not find the matched Raylet")


class Stop(Exception):  # noqa: N818  it is no error of the program
    """No node can be asked: reference, message, hint."""


def leave_after(voice, seconds, stop):
    """Leave with these words unless the timer is cancelled: a call into Ray may never return."""

    def leave():
        voice.say("stop", reference=stop.args[0], message=stop.args[1], hint=stop.args[2])
        os._exit(0)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()
    return timer


def found_address():
    """The one cluster that runs here, by RAY_ADDRESS or its processes."""
    named = os.environ.pop("RAY_ADDRESS", "")
    if named and named not in ("auto", "local"):
        return named
    from ray._private.services import find_gcs_addresses  # it has no public name

    found = sorted(find_gcs_addresses())
    if not found:
        hint = "Say where with `--address HOST:PORT`; for this machine alone there is `kdoctor check`."
        raise Stop("fleet-no-cluster", "no Ray cluster runs on this machine", hint)
    if len(found) > 1:
        seen = "%d Ray clusters run on this machine: %s" % (len(found), ", ".join(found))
        raise Stop("fleet-two-clusters", seen, "Choose one with `--address HOST:PORT`.")
    return found[0]


def knock(address):
    """Say at once where nobody listens; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()
    except (OSError, ValueError, OverflowError) as error:
        said = "%s: %s" % (address, getattr(error, "strerror", None) or error or "no answer in %d s" % CONNECT_S)
        hint = "See whether the cluster's head runs and its port can be reached from here: `ray status`."
        raise Stop("fleet-address-unreachable", said, hint) from error


def join(ray, address, voice, limit_s):
    """Become a driver of that cluster."""
    hint = "The port is that of `ray start --head --port`, 6379 if not said otherwise."
    unlike = Stop("fleet-not-ray", "%s answers, but not as Ray's head does" % address, hint)
    timer = leave_after(voice, limit_s, unlike)
    try:
        greet(address, unlike)
        ray.init(address=address, log_to_driver=False, logging_level="CRITICAL")
    except Stop:
        raise
    except BaseException as error:
        raise refusal(address, error) from error
    finally:
        timer.cancel()


def greet(address, unlike):
    """Tell at once what `ray.init` tells late or not at all; where this Ray has not these inner parts, it has to do."""
    try:
        from ray._private.services import find_node_ids
        from ray._raylet import GcsClient
    except ImportError:
        return
    try:
        GcsClient(address=address)
    except Exception as error:
        stop = refusal(address, error)
        raise (stop if stop.args[0] == "fleet-refused" else unlike) from error
    if not find_node_ids():
        raise stranger(address)


def stranger(address):
    """No node of the cluster runs on this machine."""
    hint = (
        "Run kdoctor on one of its nodes, such as the head; `ray start --address=%s` makes this one a node." % address
    )
    return Stop("fleet-not-a-node", "this machine is no node of the cluster at %s" % address, hint)


def refusal(address, error):
    """Why Ray does not let us in, in our words where they are known."""
    text = str(error)
    found = VERSIONS.search(text)
    if found:
        said = "the cluster at %s runs Ray %s on Python %s; here are Ray %s and Python %s" % (
            (address, *found.groups())
        )
        return Stop("fleet-versions-differ", said, "Run kdoctor by the cluster's own Python, or install that Ray here.")
    if "uthenticat" in type(error).__name__ + text or "token" in text:
        said = "the cluster at %s asks for an authentication token and does not take what is here" % address
        hint = "Set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH to the cluster's token."
        return Stop("fleet-refused", said, hint)
    if any(words in text for words in NO_NODE):
        return stranger(address)
    lines = text.strip().splitlines() or [type(error).__name__]
    return Stop("fleet-ray-failed", "Ray cannot join %s: %s" % (address, lines[0][:200]), "")
