"""hakube-guard: takes the VIP's address away where the cluster is gone, and announces it.

Pacemaker stops the VIP on a node that lost quorum, a second after the others have started it; on a
node whose corosync or Pacemaker died nothing of it is left to do so. This does, and needs neither.

quorum, totem   what corosync's tools and its file say
cib             whether a person has said to keep hands off, by Pacemaker's own file
decide          what is to be done (pure: values in, values out)
announce        the packets that tell the neighbours where the address is
stack           whether corosync and Pacemaker live
pulse           whether corosync hangs
membership      who is there, and whether that is enough
neighbours      the announcements on their way
handover        what Pacemaker is told when it is back
settings        the configuration
guard           the eyes and hands of the decision
daemon          the program
"""
