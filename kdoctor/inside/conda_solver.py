"""Solve conda specs with py-rattler. Run by kdoctor's own interpreter, for itself or for another machine.

The request comes on stdin, the answer goes to what was stdout, and the process leaves by os._exit: py-rattler may
crash while an interpreter with its threads is torn down. The virtual packages are those of the request; py-rattler's
own detection would open NVML here.
"""

import sys

import conda_child

sys.path.pop(0)  # nothing else here is to be imported

import datetime as dt
import re


class Channels:
    """The channels of a request, opened once and asked several times."""

    def __init__(self, rattler, request):
        """Nothing is read before the first solve."""
        self.rattler = rattler
        self.request = request
        self.channels = [rattler.Channel(url) for url in request["channels"]]
        action = "force-cache-only" if request["offline"] else "cache-or-fetch"
        config = rattler.repo_data.gateway.SourceConfig(cache_action=action)
        self.gateway = rattler.Gateway(
            cache_dir=request["cache"], default_config=config, client=conda_child.client_of(rattler, request)
        )

    async def solve(self, specs, virtual, constraints, newer, strict):
        """The records; raises what py-rattler raises."""
        rattler = self.rattler
        packages = [
            rattler.GenericVirtualPackage(
                rattler.PackageName(name), rattler.Version(version), rattler.BuildString(build)
            )
            for name, version, build in virtual
        ]
        priority = rattler.ChannelPriority.Strict if strict else rattler.ChannelPriority.Disabled
        return await rattler.solve(
            self.channels,
            [rattler.MatchSpec(spec) for spec in specs],
            gateway=self.gateway,
            platforms=[self.request["subdir"], "noarch"],
            virtual_packages=packages,
            constraints=[rattler.MatchSpec(spec) for spec in constraints],
            channel_priority=priority,
            channel_relations="disabled",
            exclude_newer=dt.datetime.fromtimestamp(newer, dt.timezone.utc) if newer else None,
            timestamp_policy="allow-missing",
            timeout=dt.timedelta(seconds=self.request["timeout_s"]),
        )


def package(record):
    """What kdoctor needs of a record, and the whole of it for the one that installs."""
    return {
        "name": record.name.normalized,
        "version": str(record.version),
        "build": str(record.build),
        "subdir": record.subdir,
        "channel": record.channel or "",
        "url": record.url,
        "file_name": record.file_name,
        "size": record.size or 0,
        "sha256": record.sha256.hex() if record.sha256 else "",
        "md5": record.md5.hex() if record.md5 else "",
        "record": record.to_json(),
    }


class Relaxer:
    """Solve again with one wish less at a time, to say what would work."""

    def __init__(self, channels, request):
        """Know the names in the specs."""
        self.channels = channels
        self.request = request
        self.named = [
            re.split(r"[ =<>!~\[]", spec.rpartition("::")[2].strip(), maxsplit=1)[0] for spec in request["specs"]
        ]

    async def attempt(self, **changes):
        """The solution with these changes, None where there is none either."""
        asked = {
            "specs": self.request["specs"],
            "virtual": self.request["virtual_packages"],
            "constraints": self.request["constraints"],
            "newer": self.request["exclude_newer"],
            "strict": self.request["strict"],
        }
        asked.update(changes)
        try:
            return await self.channels.solve(**asked)
        except self.channels.rattler.exceptions.SolverError:
            return None

    def row(self, kind, subject, was, now, records):
        """One relaxation, with what it gives for the packages that were asked for."""
        names = set(self.named) | set(self.request["gpu"])
        gives = ["%s %s %s" % (r.name.normalized, r.version, r.build) for r in records if r.name.normalized in names]
        return {"kind": kind, "subject": subject, "was": was, "now": now, "gives": sorted(gives)}

    async def specs(self):
        """Each spec without its conditions, or left out where it has none."""
        specs = self.request["specs"]
        for index, (spec, name) in enumerate(zip(specs, self.named, strict=True)):
            looser = [] if spec.strip() == name else [name]
            if not looser and len(specs) == 1:
                continue
            records = await self.attempt(specs=specs[:index] + looser + specs[index + 1 :])
            if records is not None:
                yield self.row("spec", name, spec, looser[0] if looser else "", records)

    async def virtual(self):
        """Each virtual package at the lowest of the other versions that works; those versions come in order."""
        for name, versions in self.request["alternatives"].items():
            rest = [row for row in self.request["virtual_packages"] if row[0] != name]
            was = "".join(row[1] for row in self.request["virtual_packages"] if row[0] == name)
            low, high, best = 0, len(versions) - 1, None
            while low <= high:
                middle = high if best is None else (low + high) // 2
                records = await self.attempt(virtual=[*rest, [name, versions[middle], "0"]])
                if records is None and best is None:
                    break
                if records is None:
                    low = middle + 1
                else:
                    best, high = self.row("virtual", name, was, versions[middle], records), middle - 1
            if best is not None:
                yield best

    async def rest(self):
        """Without the date, and without the strict order of channels."""
        if self.request["exclude_newer"]:
            records = await self.attempt(newer=None)
            if records is not None:
                yield self.row("exclude-newer", "", self.request["exclude_newer_text"], "", records)
        if self.request["strict"] and len(self.request["channels"]) > 1:
            records = await self.attempt(strict=False)
            if records is not None:
                yield self.row("channel-priority", "", "strict", "disabled", records)


def wrong_in(rattler, spec):
    """What is wrong with a spec, "" where it is one."""
    try:
        rattler.MatchSpec(spec)
    except rattler.exceptions.InvalidMatchSpecError as error:
        return "%s: %s" % (spec, error)
    return ""


async def answer(rattler, request):
    """The solution, or why there is none and what would work."""
    channels = Channels(rattler, request)
    relaxer = Relaxer(channels, request)
    wrong = [text for spec in request["specs"] for text in [wrong_in(rattler, spec)] if text]
    if wrong:
        return {"state": "failed", "kind": "InvalidMatchSpecError", "text": wrong[0]}
    try:
        records = await channels.solve(
            request["specs"],
            request["virtual_packages"],
            request["constraints"],
            request["exclude_newer"],
            request["strict"],
        )
        return {"state": "solved", "packages": [package(record) for record in records]}
    except rattler.exceptions.SolverError as error:
        text = str(error)
    if "cancelled" in text:
        return {"state": "failed", "kind": "TimeLimit", "text": text}
    found, cpu = [], []
    if request["constraints"]:
        records = await relaxer.attempt(constraints=[]) or []
        cpu = [row for row in map(package, records) if row["name"] in request["gpu"]]
    for relaxations in (relaxer.virtual(), relaxer.specs(), relaxer.rest()):
        found += [row async for row in relaxations]
    return {"state": "unsolvable", "text": text, "relaxations": found, "without_gpu": cpu}


conda_child.serve(answer)
