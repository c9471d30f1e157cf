#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Makes the initramfs of guest_test.cpp: busybox, virtio modules, an /init that runs the lines it reads from the
# agent's port. Usage: make-guest-initramfs.sh <unpacked kernel package> <output>
set -euo pipefail
kernel=$1 output=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,dev,proc,sys,mnt,modules,tmp}
cp "$(command -v busybox)" "$root/bin/"
for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done

number=100
declare -A done_already=()
# A module after those it depends on; one that is built in has no file.
take() {
    local name=${1//-/_} file needed
    [ -z "${done_already[$name]:-}" ] || return 0
    done_already[$name]=1
    file=$(find "$kernel/lib/modules" -name "${name//_/[-_]}.ko" | head -n 1)
    [ -n "$file" ] || return 0
    for needed in $(grep -aoz '^depends=[^[:cntrl:]]*' "$file" | tr -d '\0' | sed 's/depends=//; s/,/ /g'); do
        take "$needed"
    done
    cp "$file" "$root/modules/$number-$name.ko"
    number=$((number + 1))
}
for module in virtio_pci virtio_console virtio_blk virtio_net ext4 virtio_rng; do take "$module"; done

cat > "$root/init" <<'INIT'
#!/bin/sh
export PATH=/bin
mount -t devtmpfs devtmpfs /dev; mount -t proc proc /proc; mount -t sysfs sysfs /sys
for module in /modules/*; do insmod "$module"; done
ip link set lo up
while [ -z "$port" ]; do
    for candidate in /sys/class/virtio-ports/*; do
        [ "$(cat "$candidate/name" 2>/dev/null)" = org.nap.agent ] && port=/dev/${candidate##*/}
    done
    [ -n "$port" ] || sleep 0.05
done
# Opened once: what the host sent early would be lost if it were closed again
exec 3<>"$port"
while read -r line <&3; do
    ( eval "$line" ) > /tmp/output 2>&1 3<&-
    status=$?
    cat /tmp/output >&3
    echo "RC=$status" >&3
done
INIT
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc 2>/dev/null | gzip -1) > "$output"
