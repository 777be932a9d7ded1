"""Download and link solved conda packages with py-rattler. Run by kdoctor's own interpreter.

The request comes on stdin, the answer goes to what was stdout, progress to stderr (a record separator, then JSON),
and the process leaves by os._exit. Before a package is linked, every path in it is followed through the links of all
packages: one that leads out of the prefix ends everything before it is written.
"""

import sys

import conda_child

sys.path.pop(0)  # nothing else here is to be imported

import json
import os
import threading
import time

MAX_LINKS = 40
EVERY_S = 0.1


class OutsideError(Exception):
    """A path that leads out of the prefix."""


class Paths:
    """The paths of all packages in one prefix; links are known by where they lead."""

    def __init__(self):
        """Nothing is known yet."""
        self.links = {}
        self.parents = set()

    def add(self, paths, links):
        """Take in a package; raises OutsideError before anything of it is linked."""
        self.links.update(links)
        parents = {path.rpartition("/")[0] for path in paths}
        if any(link in self.parents for link in links):
            self.parents |= parents
            parents = self.parents
        for path in paths:
            if not path or path.startswith("/") or "\\" in path or "\0" in path or ".." in path.split("/"):
                raise OutsideError(path)
        for parent in parents:
            self.follow(parent)
        while parents:
            self.parents |= parents
            parents = {parent.rpartition("/")[0] for parent in parents} - self.parents

    def follow(self, path):
        """Raise Outside where a directory, through its links, is not in the prefix."""
        if not self.links:
            return
        todo, done, count = path.split("/")[::-1], [], 0
        while todo:
            part = todo.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if not done:
                    raise OutsideError(path)
                done.pop()
                continue
            target = self.links.get("/".join([*done, part]))
            if target is None:
                done.append(part)
                continue
            count += 1
            if target.startswith("/") or count > MAX_LINKS:
                raise OutsideError(path)
            todo += target.split("/")[::-1]


def paths_of(folder):
    """The paths that an extracted package brings, and where its links lead."""
    try:
        with open(os.path.join(folder, "info", "paths.json"), encoding="utf-8") as file:
            paths = [row["_path"] for row in json.load(file)["paths"]]
    except FileNotFoundError:
        with open(os.path.join(folder, "info", "files"), encoding="utf-8") as file:
            paths = [line.strip() for line in file if line.strip()]
    links = {}
    for path in paths:
        source = os.path.join(folder, path)
        if ".." not in path.split("/") and os.path.islink(source):
            links[path] = os.readlink(source)
    try:
        with open(os.path.join(folder, "info", "link.json"), encoding="utf-8") as file:
            noarch = json.load(file).get("noarch") or {}
    except FileNotFoundError:
        noarch = {}
    commands = [point.partition("=")[0].strip() for point in noarch.get("entry_points") or ()]
    return paths + ["bin/" + command for command in commands], links


class Reporter:
    """Hears of every step, on py-rattler's own threads; says so ten times a second; refuses bad packages."""

    def __init__(self, request):
        """Know the packages that will come."""
        self.folders = {row["name"]: os.path.join(request["cache"], row["folder"]) for row in request["packages"]}
        self.sizes = {row["name"]: row["size"] for row in request["packages"]}
        self.names = {}
        self.bytes = {}
        self.done = {"ready": 0, "linked": 0}
        self.paths = Paths()
        self.lock = threading.Lock()
        self.said = 0.0
        self.token = 0

    def __getattr__(self, name):
        """The steps that are of no interest."""
        if not name.startswith("on_"):
            raise AttributeError(name)
        return lambda *_: 0

    def say(self, name, *, last=False):
        """One line of progress."""
        now = time.monotonic()
        if now - self.said < EVERY_S and not last:
            return
        self.said = now
        event = {"ready": self.done["ready"], "linked": self.done["linked"], "total": len(self.folders)}
        event.update(bytes=sum(self.bytes.values()), bytes_total=sum(self.sizes.values()), name=name)
        os.write(2, b"\x1e" + json.dumps(event).encode() + b"\n")

    def on_populate_cache_start(self, _, name):
        """A package is looked up in the cache."""
        with self.lock:
            self.token += 1
            self.names[self.token] = name
            return self.token

    def on_download_start(self, token):
        """It was not there."""
        return token

    def on_download_progress(self, token, progress, _):
        """Some bytes of it came."""
        with self.lock:
            name = self.names.get(token, "")
            self.bytes[name] = min(progress, self.sizes.get(name) or progress)
            self.say(name)

    def on_populate_cache_complete(self, token):
        """It lies in the cache, checked and extracted."""
        with self.lock:
            name = self.names.get(token, "")
            self.bytes[name] = self.sizes.get(name, 0)
            self.done["ready"] += 1
            self.say(name)

    def on_link_start(self, operation, name):
        """It is about to be linked: the last moment to refuse it."""
        with self.lock:
            try:
                self.paths.add(*paths_of(self.folders[name]))
            except OutsideError as error:
                conda_child.finish({"state": "failed", "kind": "Outside", "package": name, "text": str(error)})
            except Exception as error:
                text = "%s: %s" % (type(error).__name__, error)
                conda_child.finish({"state": "failed", "kind": "BadPackage", "package": name, "text": text})
            self.names[-operation - 1] = name
            return operation

    def on_link_complete(self, token):
        """It is in the prefix."""
        with self.lock:
            self.done["linked"] += 1
            self.say(self.names.get(-token - 1, ""))


def records_of(rattler, request):
    """The records again, with what from_index_json leaves out."""
    records = []
    path = os.path.join(request["work"], "record.json")
    for row in request["packages"]:
        with open(path, "w", encoding="utf-8") as file:
            file.write(row["record"])
        record = rattler.RepoDataRecord(
            rattler.PackageRecord.from_index_json(path), row["file_name"], row["url"], row["channel"]
        )
        record.size = row["size"]
        if row["sha256"]:
            record.sha256 = bytes.fromhex(row["sha256"])
        if row["md5"]:
            record.md5 = bytes.fromhex(row["md5"])
        records.append(record)
    return records


async def missing(rattler, cache, records):
    """The packages that would have to be downloaded."""
    index = await rattler.package_cache.PackageCache(cache).index()
    local = ("file:", "/")
    return [r.file_name for r in records if not r.url.startswith(local) and not index.contains_record(r)]


def history_of(request):
    """What conda keeps of a command, so that later ones hold to what was asked for."""
    rows = [row["url"].rpartition("/")[0] + "::" + row["folder"] for row in request["packages"]]
    head = ["==> %s <==" % time.strftime("%Y-%m-%d %H:%M:%S"), "# cmd: kdoctor fix"]
    return "\n".join(head + ["+" + row for row in rows] + ["# update specs: %r" % (request["requested"],), ""])


def tidy(prefix, request):
    """The history and the modes that conda gives; no claim that this is a cache which backups may leave out."""
    meta = os.path.join(prefix, "conda-meta")
    with open(os.path.join(meta, "history"), "w", encoding="utf-8") as file:
        file.write(history_of(request))
    mask = os.umask(0)
    os.umask(mask)
    for name in os.listdir(meta):
        os.chmod(os.path.join(meta, name), 0o666 & ~mask)
    tag = os.path.join(prefix, "CACHEDIR.TAG")
    if os.path.isfile(tag):
        os.unlink(tag)


async def install(rattler, request):
    """Fill the prefix."""
    reporter = Reporter(request)
    records = records_of(rattler, request)
    os.makedirs(request["cache"], exist_ok=True)
    if request["offline"]:
        absent = await missing(rattler, request["cache"], records)
        if absent:
            return {"state": "failed", "kind": "Offline", "text": ", ".join(sorted(absent)), "package": absent[0]}
    await rattler.install(
        records,
        request["prefix"],
        cache_dir=request["cache"],
        installed_packages=[],
        platform=rattler.Subdir(request["subdir"]),
        execute_link_scripts=False,
        show_progress=False,
        client=conda_child.client_of(rattler, request),
        requested_specs=[rattler.MatchSpec(spec)._match_spec for spec in request["requested"]],  # noqa: SLF001  install passes them on as they are
        reporter=reporter,
        alternative_target_prefix=request["final"],
    )
    reporter.say("", last=True)
    tidy(request["prefix"], request)
    return {"state": "installed", "packages": len(records)}


conda_child.serve(install)
