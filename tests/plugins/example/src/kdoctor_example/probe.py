"""Read the machine through Host only: then it works live, on an unpacked image, and is recorded."""

from kdoctor.host import Host, text_of
from kdoctor.model.facts.base import Absent
from kdoctor_example.licence import Licence

PATH = "/etc/site-licence"


def probe(host: Host) -> Licence | Absent:
    """Fill the section, or say where it was looked for."""
    print("a plug-in that talks")  # noqa: T201  it must not get into the report
    text = text_of(host, PATH)
    if not text:
        return Absent(looked=(PATH,))
    return Licence(server=text.partition("=")[2].strip(), found_in=PATH)
