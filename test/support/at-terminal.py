"""Runs a program in a pseudo-terminal for the tests.

argv: the width in columns, then the program and its arguments. stdin: one JSON list of steps, each {"expect": text, "send":
text}: when the text has appeared after the last step, the keys are sent. stdout: one JSON object with the exit code, all that
the program wrote, and how many steps were taken.
"""

import fcntl
import json
import os
import pty
import re
import select
import struct
import sys
import termios
import time

width, *command = sys.argv[1:]
steps = json.load(sys.stdin)
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, int(width), 0, 0))

written = ""
seen = taken = 0
# Longer than any step takes: it only ends a test in which the text never comes.
deadline = time.monotonic() + 90
while time.monotonic() < deadline:
    if select.select([terminal], [], [], 0.2)[0]:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        written += data.decode("utf8", "replace")
    if taken < len(steps):
        # What moves the cursor or sets a colour is no part of a text.
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written)
        at = plain.find(steps[taken]["expect"], seen)
        if at >= 0:
            seen = at + len(steps[taken]["expect"])
            os.write(terminal, steps[taken]["send"].encode())
            taken += 1
else:
    os.kill(child, 9)
status = os.waitpid(child, 0)[1]
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "output": written, "taken": taken}))
