"""Runs commands for somebody outside: JSON in, JSON out, one a line. Needs Python 3.7, no more.

It is started once inside a file tree, for a chroot with its mounts costs more than a command.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

OUT = threading.Lock()


def answer(line):
    asked = json.loads(line)
    try:
        told = run(asked)
    except Exception as error:  # nobody sees this process's own errors: they are told
        told = {"code": None, "err": f"{type(error).__name__}: {error}"}
    with OUT:
        sys.stdout.write(json.dumps({"id": asked["id"], **told}) + "\n")
        sys.stdout.flush()


def run(asked):
    process = subprocess.Popen(
        asked["argv"],
        env={**os.environ, **asked["env"]},
        stdin=subprocess.DEVNULL if asked["stdin"] is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="surrogateescape",
        start_new_session=True,
    )
    try:
        out, err = process.communicate(asked["stdin"], timeout=asked["timeout"])
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # pcs starts others, which hold the pipes
        process.communicate()
        return {"code": None, "err": f"did not end within {asked['timeout']:g} s"}
    return {"code": process.returncode, "out": out, "err": err}


def main():
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(answer, line) for line in sys.stdin]:
            done.result()


main()
