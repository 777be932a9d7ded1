"""Does native Windows have the Visual C++ runtime that importing a framework needs?"""

from kdoctor.host import Host, Unreadable
from kdoctor.knowledge.vendors import table
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.windows import Windows

SYSTEM = r"C:\Windows\System32"


def probe(host: Host, interpreter: Interpreter | Absent) -> Windows | Absent | Unknown:
    """Look where Windows does for a DLL of an extension module: beside the interpreter, then in the system's folder."""
    if host.platform.os != "windows":
        return Absent(looked=(f"the system is {host.platform.os}",))
    listed = host.list(SYSTEM)
    if isinstance(listed, Unreadable):
        return Unknown(reason=str(listed), tried=(SYSTEM,))
    folders = [SYSTEM]
    names = {name.lower() for name in listed}
    if isinstance(interpreter, Interpreter):
        for prefix in dict.fromkeys((interpreter.prefix, interpreter.base_prefix)):
            for folder in (prefix, rf"{prefix}\Scripts", rf"{prefix}\Library\bin") if prefix else ():
                there = host.list(folder)
                folders.append(folder)
                names.update(name.lower() for name in (there if isinstance(there, tuple) else ()))
    return Windows(missing=tuple(dll for dll in table().runtime.dlls if dll not in names), looked=tuple(folders))
