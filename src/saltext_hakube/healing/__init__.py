"""The healing on the master: which clusters there are, asking them, deciding, telling people.

Salt may be used here; the runner ``hakube`` is the face of it.
"""
