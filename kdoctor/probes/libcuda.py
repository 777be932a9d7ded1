"""Does the CUDA driver library initialise, and which devices does it give? Asked in a child."""

import msgspec

from kdoctor.host import Host, Unanswered
from kdoctor.model.codec import decode_value
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.libcuda import Libcuda

TIMEOUT_S = 20.0


def probe(
    host: Host, driver_search: DriverSearch | Unknown, interpreter: Interpreter | Absent | Unknown
) -> Libcuda | Absent | Unknown:
    """Ask ``inside/libcuda.py`` in the examined interpreter, or in our own where that one does not answer."""
    if isinstance(driver_search, DriverSearch) and driver_search.cuda.state == "missing":
        return Absent(looked=("libcuda.so.1", *driver_search.cuda.looked))
    answers = isinstance(interpreter, Interpreter) and interpreter.read_by == "interpreter"
    asked = host.ask("libcuda", runner="examined" if answers else "own", timeout_s=TIMEOUT_S)
    if isinstance(asked, Unanswered):
        return Unknown(reason=asked.reason, tried=("cuInit",))
    try:
        found: Libcuda = msgspec.convert(
            {**msgspec.json.decode(asked.json), "state": "found"}, Libcuda, dec_hook=decode_value
        )
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as error:
        return Unknown(reason=f"the answer of cuInit's child could not be read: {error}")
    return found
