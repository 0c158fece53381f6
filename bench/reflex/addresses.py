"""On a node: whether it has an address, looked up every 20 ms.

Run as a program: addresses.py ADDRESS SECONDS; it also ends when its standard input does. A line
when it changes, and every second: the time (CLOCK_REALTIME), 1 or 0, and the longest time between
two looks since the line before.
"""

import ipaddress
import pathlib
import select
import sys
import time

EVERY = 0.02
TELL = 1.0


def looker(address):
    """A function that says whether this address, IPv4 or IPv6, is on an interface."""
    parsed = ipaddress.ip_address(address)
    if parsed.version == 6:
        wanted = parsed.exploded.replace(":", "")
        return lambda: wanted in read("/proc/net/if_inet6")
    # The kernel's table of routes: a local one for each address of an interface that is up.
    wanted = f"|-- {address}\n"
    return lambda: any(
        "/32 host LOCAL" in rest[:200].split("|--")[0]
        for rest in read("/proc/net/fib_trie").split(wanted)[1:]
    )


def read(path):
    return pathlib.Path(path).read_text()


def main():
    here, end = looker(sys.argv[1]), time.monotonic() + float(sys.argv[2])
    before, told, last, longest = None, 0.0, time.monotonic(), 0.0
    while last < end:
        now, it = time.time(), here()
        clock = time.monotonic()
        longest = max(longest, clock - last)
        last = clock
        if it != before or clock - told >= TELL:
            print(f"{now:.4f} {it:d} {longest:.4f}", flush=True)
            before, told, longest = it, clock, 0.0
        if select.select([sys.stdin], [], [], EVERY)[0]:
            return


if __name__ == "__main__":
    main()
