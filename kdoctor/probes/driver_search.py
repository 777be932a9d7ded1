"""Would a program of the examined interpreter find the driver's libraries, and where first?"""

from kdoctor.host import Host
from kdoctor.loader.search import Loader
from kdoctor.loader.verdict import library_of
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.interpreter import Interpreter


def probe(host: Host, interpreter: Interpreter | Absent | Unknown, environ: Environ) -> DriverSearch | Unknown:
    """Walk the loader's search order for libcuda.so.1 and libnvidia-ml.so.1; nothing is loaded."""
    if host.platform.os != "linux":
        return Unknown(reason=f"the loader of {host.platform.os} is not followed")
    caller = interpreter.realpath if isinstance(interpreter, Interpreter) else ""
    loader = Loader(host, caller or None, environ.variables)
    return DriverSearch(
        cuda=library_of(loader.open("libcuda.so.1", caller), ()),
        nvml=library_of(loader.open("libnvidia-ml.so.1", caller), ()),
    )
