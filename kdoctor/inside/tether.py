"""Become another program, which is killed when kdoctor is. Arguments: kdoctor's process number, the program, its own.

It must not go on writing into a directory that the next start removes.
"""

import os
import sys

import conda_child

conda_child.end_with(int(sys.argv[1]))
try:
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606  the program to become
except OSError as error:
    sys.stderr.write("%s: %s\n" % (sys.argv[2], error.strerror))
    sys.exit(127)
