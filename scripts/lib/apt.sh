# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What apt knows: which Debian mirror this host uses, which kernels it offers.

# The host's Debian archives as sources.list lines; no mirror is named anywhere else.
apt_debian_sources() {
    # shellcheck disable=SC2016 # apt expands these
    apt-get indextargets --format '$(ORIGIN)|deb $(REPO_URI) $(CODENAME) $(COMPONENT)' \
        'Created-By: Packages' "Architecture: $(dpkg --print-architecture)" | sed -n 's/^Debian|//p' | sort -u
}

apt_debian_codename() { apt_debian_sources | awk '{ print $3 }' | grep -v -- - | sort -u | head -n 1; }

# apt_debian_tree FOLDER PACKAGE...: a small Debian of this host's release, without what nobody reads there.
apt_debian_tree() {
    local tree=$1 include
    shift
    include=$(IFS=,; printf '%s' "$*")
    apt_debian_sources | mmdebstrap --variant=essential --mode=root --format=directory \
        --include="$include" \
        --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt=force-unsafe-io \
        --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' \
        "$(apt_debian_codename)" "$tree" -
}

# Versions (uname -r) of the stock 6.1 cloud kernels apt offers with their headers, oldest first.
apt_cloud_kernels() {
    local pattern='6\.1\.0-[0-9]+-cloud-amd64'
    comm -12 \
        <(apt-cache search --names-only "^linux-image-$pattern\$" | sed 's/^linux-image-\([^ ]*\) .*/\1/' | sort) \
        <(apt-cache search --names-only "^linux-headers-$pattern\$" | sed 's/^linux-headers-\([^ ]*\) .*/\1/' | sort) |
        sort -V
}
