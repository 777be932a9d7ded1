"""Say what this interpreter is and where it imports from. Python 2.7 and 3.x; imports no site packages."""

import sys

SCRIPT_DIRECTORY = sys.path.pop(0) if sys.path else ""


def text(value):
    """Text that JSON can hold: what is no character in a path becomes U+FFFD."""
    data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    return data.decode("utf-8", "replace")


def main():
    """Print one JSON object."""
    import json
    import struct

    site = sys.modules.get("site")
    user_site = getattr(site, "USER_SITE", None) if getattr(site, "ENABLE_USER_SITE", False) else None
    print(
        json.dumps(
            {
                "version": "%d.%d.%d" % sys.version_info[:3],
                "implementation": getattr(getattr(sys, "implementation", None), "name", "cpython"),
                "executable": text(sys.executable or ""),
                "prefix": text(sys.prefix),
                "base_prefix": text(getattr(sys, "base_prefix", sys.prefix)),
                "bits": struct.calcsize("P") * 8,
                "sys_path": [text(entry) for entry in sys.path if isinstance(entry, str)],
                "user_site": text(user_site or ""),
                "platform": sys.platform,
            }
        )
    )


main()
