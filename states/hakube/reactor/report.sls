#!py
"""A node says how it is: have the master look at its cluster.

Runs in the reactor's one thread for each event whose tag begins like our beacon's. It names nobody
as a target and hands nothing of the event to a shell, a template or a state: the tag is compared
strictly, what is larger than a report or says nothing new ends here, and the rest is data for
hakube.observe, which believes none of it. (A Jinja SLS would make a line break in an event a new
instruction.)
"""

from saltext_hakube.healing import hints


def run():
    if not hints.worth(__opts__, tag, data):  # noqa: F821: the renderer puts tag and data here
        return {}
    arguments = [{"tag": tag}, {"data": dict(data)}]  # noqa: F821
    return {"hakube_report": {"runner.hakube.observe": [{"args": arguments}]}}
