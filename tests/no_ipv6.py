"""A program on a kernel without IPv6: `python -m tests.no_ipv6 PROGRAM ARGUMENT...`.

Stands in for a machine that was booted with `ipv6.disable=1`. A filter of system calls (seccomp(2)), which programs
inherit and nobody can take off again, answers each wish for a socket of IPv6 as such a kernel does: EAFNOSUPPORT.
"""

import ctypes
import errno
import os
import platform
import socket
import struct
import sys

# linux/filter.h, linux/seccomp.h, linux/prctl.h, linux/audit.h
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
# Of each machine: its AUDIT_ARCH, and the number of socket(2)
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}

#: Whether this machine's system calls are known here.
POSSIBLE = platform.machine() in _MACHINES


def take_ipv6_away() -> None:
    """From this process and all that it starts, until they end.

    Raises:
        OSError: the kernel takes no filter.
    """
    machine, socket_call = _MACHINES[platform.machine()]
    program = b"".join(
        struct.pack("HBBI", code, on_true, on_false, value)
        for code, on_true, on_false, value in (
            (_LOAD, 0, 0, _MACHINE_AT),
            (_JUMP_IF_EQUAL, 0, 5, machine),
            (_LOAD, 0, 0, _NUMBER_AT),
            (_JUMP_IF_EQUAL, 0, 3, socket_call),
            (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
            (_JUMP_IF_EQUAL, 0, 1, socket.AF_INET6),
            (_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT),
            (_RETURN, 0, 0, _ALLOW),
        )
    )
    kept = ctypes.create_string_buffer(program)
    filtered = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(kept)))
    libc = ctypes.CDLL(None, use_errno=True)
    for words in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(filtered), 0, 0),
    ):
        if libc.prctl(words[0], *(ctypes.c_ulong(word) for word in words[1:])) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    take_ipv6_away()
    os.execvp(sys.argv[1], sys.argv[1:])
