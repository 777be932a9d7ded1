"""Which file a dynamic loader would open for a soname, and why: glibc's and musl's search, run on files alone.

Nothing is loaded or executed: ``search.Loader`` walks ELF headers and ``ld.so.cache`` through a Host, so the same
answer is had for this machine, for an unpacked image and for a recorded one. ``cache`` reads ``ld.so.cache``.
"""
