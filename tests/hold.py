#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""hold.py TID SECONDS: stops one thread of a process, for that long, and lets it go on.

A signal would stop the whole process; a tracer stops what it traces. Exit 3: not allowed."""
import ctypes
import os
import sys
import time

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, tid):
    if libc.ptrace(request, tid, None, None) < 0:
        print(f"ptrace {request:#x}: {os.strerror(ctypes.get_errno())}", file=sys.stderr)
        sys.exit(3)


thread, seconds = int(sys.argv[1]), float(sys.argv[2])
ptrace(SEIZE, thread)
ptrace(INTERRUPT, thread)
os.waitpid(thread, WALL)
time.sleep(seconds)
ptrace(DETACH, thread)
