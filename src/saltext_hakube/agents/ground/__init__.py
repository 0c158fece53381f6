"""What the programs stand on: the standard library, and nothing that could wait for anything.

loop        timers, descriptors, calls from other threads and from signals
process     other programs, each with a deadline; the death of any process
netlink     the machine's addresses and links, as the kernel tells of them
rtnetlink   its messages, as bytes and as values
journal     one line for each action; systemd's notify
sample      what was seen, for others to read
pacemaker   what Pacemaker says of a resource, out of its XML
history     its last word: how the resource's history on a node ends
pairs       the XML's sets of values
"""
