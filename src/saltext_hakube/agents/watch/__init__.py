"""hakube-watch: looks at this node's haproxy four times a second, and acts where nobody else does.

One duty so far (docs/watch.md): a server that is down keeps no session, in old workers either.

    daemon      the loop: every duty looks, what they see is left under /run, systemd hears of us
    sessions    the duty
    decide      what it decides by, pure
    answers     what haproxy says at its sockets, as values, pure
    ask         questions to sockets, all at once, with one deadline
    surroundings    the configuration, the journal, systemd, the sample
"""
