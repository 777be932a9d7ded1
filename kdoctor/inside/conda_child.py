"""What the two children that use py-rattler share. They import it from beside them; nothing else of ours does.

A child takes its request from stdin and gives its answer to what was stdout, so that nothing that a library prints
gets between. It leaves by os._exit: py-rattler may crash while an interpreter with its threads is torn down.
"""

import asyncio
import ctypes
import json
import os
import sys

PR_SET_PDEATHSIG = 1
SIGKILL = 9


def end_with(parent):
    """Be killed when kdoctor is."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if hasattr(os, "getppid") and os.getppid() != parent:
        os._exit(1)


def limit_memory(size):
    """Private memory only: what is mapped from files or merely reserved does not count."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    except (ImportError, ValueError, OSError):
        pass


def headers_for(headers, host, path):
    """The headers of the longest place that is the request's or above it, None if there is none."""
    asked = (host.lower() + path).split("/")
    places = [place for place in headers if asked[: place.count("/") + 1] == place.split("/")]
    return headers[max(places, key=len)] if places else None


def client_of(rattler, request):
    """A client with retries, mirrors and the headers of each host."""
    from rattler.networking import middleware

    retries = request["retries"]
    access = request["access"]
    if access["tls_no_verify"]:
        mirrors = "".join("%s = %s\n" % (json.dumps(k), json.dumps(v)) for k, v in access["mirrors"].items())
        config = rattler.Config.from_toml("tls-no-verify = true\n[mirrors]\n" + mirrors)
        return rattler.Client.from_config(config, max_retries=retries)
    parts = [middleware.RetryMiddleware(retries)]
    if access["mirrors"]:
        parts.append(middleware.MirrorMiddleware(access["mirrors"]))
    if access["headers"]:
        parts.append(middleware.AddHeadersMiddleware(lambda *place: headers_for(access["headers"], *place)))
    parts += [middleware.AuthenticationMiddleware(), middleware.OciMiddleware()]
    parts += [middleware.GCSMiddleware(), middleware.S3Middleware()]
    return rattler.Client(parts)


ANSWERED = []


def finish(result):
    """Give the answer and leave, from whichever thread."""
    with open(ANSWERED[0], "wb", closefd=False) as file:
        file.write(json.dumps(result).encode() + b"\n")
    os._exit(0)


def serve(answer):
    """Answer one request with ``answer(rattler, request)``."""
    ANSWERED.append(os.dup(1))
    os.dup2(2, 1)
    end_with(int(sys.argv[1]))
    request = json.load(sys.stdin)
    limit_memory(request["memory_bytes"])
    try:
        import rattler
        import rattler.exceptions
        import rattler.package_cache
        import rattler.repo_data.gateway

        result = asyncio.run(answer(rattler, request))
    except BaseException as error:  # a panic of py-rattler is not an Exception
        result = {"state": "failed", "kind": type(error).__name__, "text": str(error)}
    finish(result)
