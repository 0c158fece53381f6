"""Small programs that run on a node without Salt: the standard library of Python 3.9, no more.

Each is a package here, and one file on the node (host.program), which the system's own Python runs.
Nothing in here may use the other rooms: on the node they are not there.
"""
