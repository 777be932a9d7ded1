"""Is this the Windows Subsystem for Linux, and does Windows pass a GPU in?"""

import re

from kdoctor.host import Host, exists, text_of
from kdoctor.loader.places import library_directories
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.wsl import Wsl

WINDOWS_LIBRARY = "/usr/lib/wsl/lib/libcuda.so.1"


def probe(host: Host) -> Wsl | Absent:
    """The kernel's name tells; then /dev/dxg, Windows's libcuda and any Linux driver that hides it."""
    kernel = host.platform.kernel or text_of(host, "/proc/sys/kernel/osrelease").strip()
    if "microsoft" not in kernel.lower():
        return Absent(looked=(f"kernel release {kernel}",))
    linux = []
    for directory in library_directories(host):
        path = f"{directory}/libcuda.so.1"
        real = host.resolve(path)
        if isinstance(real, str) and "/usr/lib/wsl/" not in real:
            linux.append(real)
    return Wsl(
        version=2 if re.search(r"WSL2|microsoft-standard", kernel) else 1,
        dxg=exists(host, "/dev/dxg"),
        windows_libcuda=WINDOWS_LIBRARY if exists(host, WINDOWS_LIBRARY) else "",
        linux_libraries=tuple(dict.fromkeys(linux)),
    )
