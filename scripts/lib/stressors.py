# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/stress knows of stress-ng's stressors: their classes, what they are given, which are left out."""

import re

# Sizes for a machine of 1 GiB under emulation, where the usual ones are made for whole servers.
OPTIONS = {
    "aiol": "--aiol-requests 16", "bsearch": "--bsearch-size 1024", "clone": "--clone-max 32",
    "copy-file": "--copy-file-bytes 128M", "dirdeep": "--dirdeep-inodes 500", "dirmany": "--dirmany-bytes 0",
    "epoll": "--epoll-domain unix", "exec": "--exec-max 16", "fallocate": "--fallocate-bytes 16M",
    "fiemap": "--fiemap-bytes 4M", "forkheavy": "--forkheavy-procs 32", "hdd": "--hdd-bytes 8M",
    "heapsort": "--heapsort-size 4096", "hsearch": "--hsearch-size 1024", "iomix": "--iomix-bytes 8M",
    "judy": "--judy-size 1024", "loadavg": "--loadavg-max 16", "lsearch": "--lsearch-size 512",
    "malloc": "--malloc-bytes 256K --malloc-max 256", "matrix": "--matrix-size 64", "matrix-3d": "--matrix-3d-size 16",
    "memfd": "--memfd-bytes 8M --memfd-fds 16", "memrate": "--memrate-bytes 4M", "mergesort": "--mergesort-size 4096",
    "mlockmany": "--mlockmany-procs 4", "mmap": "--mmap-bytes 8M", "mremap": "--mremap-bytes 4M",
    "msync": "--msync-bytes 4M", "open": "--open-max 512", "pagemove": "--pagemove-bytes 4M",
    "prefetch": "--prefetch-l3-size 512K", "pthread": "--pthread-max 16", "pty": "--pty-max 16",
    "qsort": "--qsort-size 4096", "radixsort": "--radixsort-size 1024", "readahead": "--readahead-bytes 16M",
    "revio": "--revio-bytes 8M", "ring-pipe": "--ring-pipe-num 32", "seek": "--seek-size 4M",
    "sem": "--sem-procs 4", "sem-sysv": "--sem-sysv-procs 4", "shellsort": "--shellsort-size 4096",
    "shm": "--shm-bytes 1M --shm-objs 8", "shm-sysv": "--shm-sysv-bytes 1M --shm-sysv-segs 4",
    "skiplist": "--skiplist-size 1024", "sleep": "--sleep-max 32", "sockmany": "--sockmany-port 7000",
    "sparsematrix": "--sparsematrix-size 200 --sparsematrix-items 500", "stream": "--stream-l3-size 512K",
    "sync-file": "--sync-file-bytes 8M", "tree": "--tree-size 1000", "tsearch": "--tsearch-size 1024",
    "tsc": "", "vm": "--vm-bytes 16M", "vm-rw": "--vm-rw-bytes 4M", "vm-splice": "--vm-splice-bytes 64K",
    "zombie": "--zombie-max 64", "memthrash": "--memthrash-method chunk1", "mutex": "--mutex-procs 4",
}

# Left out: no updates' business, or the end of any such machine.
LEFT_OUT = {
    "bigheap": "takes all memory until the kernel kills for want of it",
    "brk": "takes all memory until the kernel kills for want of it",
    "oom-pipe": "takes all memory until the kernel kills for want of it",
    "resources": "takes all memory until the kernel kills for want of it",
    "stack": "takes all memory until the kernel kills for want of it",
    "memhotplug": "takes the machine's memory offline",
    "cpu-online": "takes the machine's only processor offline",
    "reboot": "reboots", "softlockup": "keeps the only processor for itself", "cyclic": "likewise, by real-time priority",
}

# By priority: what is in several classes is tried in the first of these.
CLASSES = ("pipe", "network", "interrupt", "scheduler", "vm", "memory", "io", "filesystem", "device", "security",
           "cpu-cache", "cpu", "gpu", "os")


def classes(listing):
    """class -> its stressors, each in one class. LISTING: what `stress-ng --class CLASS?` says for each, a line each."""
    found, seen = {}, set()
    for name in CLASSES:
        match = re.search(rf"class '{name}' stressors: (.*)", listing)
        found[name] = [each for each in (match.group(1).split() if match else []) if each not in seen]
        seen.update(found[name])
    return found
