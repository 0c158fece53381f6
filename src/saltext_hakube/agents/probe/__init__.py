"""hakube-probe: the slow eyes of a node. It looks, and does nothing.

What hakube-watch has to see within a fraction of a second it sees; the rest is seen here: the
components of Kubernetes, the cluster, the files, certificates and disks.

    daemon      the loop, and the sample
    settings    the configuration
    probes      all probes, and how often each looks
    board       their times and deadlines; what each saw last
    crm         crm_mon, now and then and after news
    health      apiserver, scheduler, controller-manager
    get, trust  a request over TLS that waits for nothing; whom we trust, and as whom we ask
    owner       who has the VIP, as the network sees it
    drift       our files, by the manifest of an apply
    certificates, disk

Pure, values in and values out:
    look        up, down or unknown, and why
    answer      what came of a request
    judge       what that means
    cluster     crm_mon's XML
    pacemaker   what is wrong in the cluster, and for how long
    kubeconfig  the user in a kubeconfig file
    whohas      the packets of owner
    lease       whether somebody works as scheduler, as controller-manager (and since when not)
"""
