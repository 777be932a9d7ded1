"""What do the frameworks themselves say when imported and run? Only with --deep: it takes seconds and memory."""

import msgspec

from kdoctor.host import Host, Unanswered
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.examined import Examined
from kdoctor.model.facts.framework_answers import FrameworkAnswer, FrameworkAnswers
from kdoctor.model.facts.frameworks import Frameworks

TIMEOUT_S = 180.0


def probe(host: Host, examined: Examined, frameworks: Frameworks) -> FrameworkAnswers | Absent:
    """Run ``inside/devices.py`` once per framework, one after the other: each takes all cores while it imports."""
    if not examined.deep:
        return Absent(looked=("not asked: add --deep",))
    return FrameworkAnswers(items=tuple(ask(host, build.framework) for build in frameworks.builds))


def ask(host: Host, framework: str) -> FrameworkAnswer:
    """One framework, in a child of its own environment."""
    asked = host.ask("devices", runner="examined", timeout_s=TIMEOUT_S, environ={"KDOCTOR_ASK": framework})
    if isinstance(asked, Unanswered):
        return FrameworkAnswer(framework=framework, trouble=asked.reason)
    try:
        found = msgspec.json.decode(asked.json, type=FrameworkAnswer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return FrameworkAnswer(framework=framework, trouble=f"its answer could not be read: {error}")
    return msgspec.structs.replace(found, log=tuple(asked.noise.splitlines()[-20:]))
