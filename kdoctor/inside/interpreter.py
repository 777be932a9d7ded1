"""Say what this interpreter is and where it imports from. Python 2.7 and 3.x; imports nothing that site does not.

The JSON is written by hand: importing json would double the time that an interpreter takes to answer.
"""

import sys

SPACE, TILDE, QUOTES = 32, 126, (34, 92)
SCRIPT_DIRECTORY = sys.path.pop(0) if sys.path else ""


def quoted(text):
    """The text as a JSON string, in ASCII; bytes that are no text, which Python 3 keeps as surrogates, are U+FFFD."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    units = data.decode("utf-8", "replace").encode("utf-16-be")
    codes = bytearray(units)
    pairs = [codes[index] * 256 + codes[index + 1] for index in range(0, len(codes), 2)]
    return '"' + "".join(chr(c) if SPACE <= c <= TILDE and c not in QUOTES else "\\u%04x" % c for c in pairs) + '"'


def main():
    """Print one JSON object."""
    site = sys.modules.get("site")
    user_site = getattr(site, "USER_SITE", None) if getattr(site, "ENABLE_USER_SITE", False) else None
    texts = {
        "version": "%d.%d.%d" % sys.version_info[:3],
        "implementation": getattr(getattr(sys, "implementation", None), "name", "cpython"),
        "executable": sys.executable or "",
        "prefix": sys.prefix,
        "base_prefix": getattr(sys, "base_prefix", sys.prefix),
        "user_site": user_site or "",
        "platform": sys.platform,
    }
    fields = ['"%s": %s' % (name, quoted(text)) for name, text in sorted(texts.items())]
    entries = [quoted(entry) for entry in sys.path if isinstance(entry, (str, bytes))]
    fields.append('"sys_path": [%s]' % ", ".join(entries))
    fields.append('"bits": %d' % (64 if sys.maxsize > 2**32 else 32))
    print("{%s}" % ", ".join(fields))


main()
