"""Runs a program in a pseudo-terminal for the tests: argv is columns, rows and the command.

What the program writes goes to stdout as it comes. A line `size COLUMNS ROWS` on stdin changes the size of the terminal, and
`type JSON` types a text. A change of size is marked in the output: ESC ] size ; COLUMNS BEL.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios


def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


columns, rows, *command = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    resize(0, columns, rows)
    os.execvp(command[0], command)

watched = [fd, 0]
typed = b""
while True:
    ready, _, _ = select.select(watched, [], [])
    if fd in ready:
        try:
            data = os.read(fd, 65536)
        except OSError:
            # Linux says so when the program has ended.
            data = b""
        if not data:
            break
        os.write(1, data)
    if 0 in ready:
        more = os.read(0, 65536)
        if not more:
            watched.remove(0)
        typed += more
        *said, typed = typed.split(b"\n")
        for line in said:
            verb, rest = line.decode().split(" ", 1)
            if verb == "size":
                os.write(1, f"\x1b]size;{rest.split()[0]}\x07".encode())
                resize(fd, *rest.split())
            else:
                os.write(fd, json.loads(rest).encode())

_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
