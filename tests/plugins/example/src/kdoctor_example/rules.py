"""Rules: functions whose parameter types are the facts that they read."""

from kdoctor.model.facts.cpu import Cpu
from kdoctor.model.finding import Clear, Evidence, Found, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor_example.licence import Licence

SOURCES = (Source("the handbook of our site", "2026-11-22"),)


@rule(Declared(id="SITE1", cause="", layer="settings", severity="error", since="1.0", sources=SOURCES))
def licence_server_unset(licence: Licence) -> Verdict:
    """The site's licence file names no server.

    What it means: /etc/site-licence is there, and what stands after the equals sign is empty.

    What to do: ask the administrators.
    """
    if licence.server:
        return Clear(f"it is {licence.server}")
    return Found(
        what=f"{licence.found_in} names no server.",
        why="Training at our site waits for a licence without end.",
        remedy=Remedy(text="Ask the administrators."),
        evidence=(Evidence("server", "(empty)", licence.found_in),),
    )


@rule(Declared(id="SITE2", cause="", layer="settings", severity="note", since="1.0", sources=SOURCES))
def many_processors(cpu: Cpu) -> Verdict:
    """Reads a section of kdoctor's own."""
    return Clear(f"{cpu.cores} cores")
