"""hakube-watch: this node's eyes, which see whether its haproxy serves and whether the VIP is here.

It acts where nobody else does, or not soon enough (docs/watch.md).

    daemon      the loop, the eyes in it, the sample
    settings    the configuration
    eyes        what is seen becomes the verdict, the verdict the node's attribute

What it sees and does (nothing here waits):
    path        haproxy's data path
    process     haproxy's main process and its unit
    address     the VIP's address and link; its failure is handed over
    attributes  a node attribute
    repair      haproxy's file was put right
    actions     what was done, for people

What it decides by, pure:
    verdict     green, red or unknown
    units       what systemd's words mean
    servers     whether haproxy has a server up
    attribute   what attrd says
    cib         what Pacemaker should hear of the VIP

Sessions on a dead server, in a thread of their own:
    looking     the thread
    sessions    the duty
    decide      what it decides by, pure
    answers     what haproxy says at its sockets, as values, pure
    ask         questions to sockets, all at once, with one deadline
"""
