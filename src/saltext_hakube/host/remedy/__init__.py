"""The rungs that a node executes: what each looks at before, what it does, how it is seen to help.

A rung is a file here: ``look(scene) -> Finding`` changes nothing and says whether there is anything
for it to do *now* (whoever asked may be wrong, late or lying); ``do(scene, finding)`` does it;
``verify(scene, finding)`` waits until it helped. ``act`` is the order of it all.
"""
