"""What is a check to look at: a machine, recorded facts, texts, or texts beside a machine? And the check of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kdoctor.commands.check import Checked, Request, Watch, check
from kdoctor.model.trouble import Trouble


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """``logs``: files with texts. ``text``: one that is at hand. ``machine``: whether a machine or its facts count."""

    logs: tuple[str, ...] = ()
    text: str = ""
    machine: bool = True


def one_origin(request: Request, logs: Sequence[str] = (), *, here: bool = False, text: str = "") -> Origin:
    """What is examined: a machine instead of texts, or beside them where one is named or ``here`` is said.

    Raises Trouble where options name two origins, or an option that an origin cannot have.
    """
    reference = "options-exclude-each-other"
    files = [name for name, value in (("--sysroot", request.sysroot), ("--from", request.from_file)) if value]
    live = [name for name, value in (("--env", request.env), ("--here", here)) if value]
    if len(files) > 1 or (files and live):
        raise Trouble(reference, f"{' and '.join([*files, *live])}: choose one", code=2)
    if request.python and (request.from_file or request.env):
        raise Trouble(reference, f"{[*files, *live][0]} and --python: choose one", code=2)
    if (*logs, request.from_file).count("-") > 1:
        raise Trouble(reference, "- (standard input) can be read once only", code=2)
    if here and not (logs or text):
        raise Trouble(reference, "--here needs --log FILE; without a log `kdoctor check` is enough", code=2)
    machine = bool(not (logs or text) or files or live or request.python)
    if (request.deep or request.record) and (files or not machine):
        option = "--deep" if request.deep else "--record"
        said = f"{files[0]} executes nothing" if files else "add --here to --log"
        raise Trouble(reference, f"{option} needs a live machine; {said}", code=2)
    return Origin(logs=tuple(logs), text=text, machine=machine)


def examine(request: Request, origin: Origin, watch: Watch = lambda _: None) -> Checked:
    """The report on it. Raises Trouble where kdoctor cannot do its job."""
    if not (origin.logs or origin.text):
        return check(request, watch)
    from kdoctor.commands.logs import check_text, check_text_and_machine, symptoms_of

    symptoms = symptoms_of(origin.logs, origin.text)
    return check_text_and_machine(symptoms, request, watch) if origin.machine else check_text(symptoms, request)
