"""One process from beginning to end, as the system counts it.

The memory of a new process counts from what its parent holds when it is started, so that whoever calls this must stay small: no numpy here.
"""

import os
import signal
import subprocess
import threading
import time


def measured(command, limit, log):
    """Runs a command: wall and CPU seconds and peak bytes of it and its children, and what it printed; or why it failed."""
    with open(log, "wb") as errors:
        started = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
        late = threading.Event()

        def give_up():
            late.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit, give_up)
        timer.start()
        printed = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        timer.cancel()
        # Popen must not wait for a process that is gone.
        process.returncode = os.waitstatus_to_exitcode(status)
    if late.is_set():
        return {"failed": f"given up after {limit:,.0f} s"}
    if process.returncode == -signal.SIGKILL:
        return {"failed": "killed, most likely for want of memory"}
    if process.returncode != 0:
        return {"failed": f"ended with code {process.returncode}"}
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss * 1024, "printed": printed}


def checked(command):
    """Runs a command that is not measured and must succeed; what it printed."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(str(part) for part in command)}: ended with code {done.returncode}")
    return done.stdout
