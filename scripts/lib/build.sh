# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Building Nap and what its machines need; every step is skipped where nothing changed.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source-path=SCRIPTDIR source=apt.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/apt.sh"

# build_nap [TARGET...]: all of it, or what is named.
build_nap() {
    local generator=() target targets=()
    for target; do targets+=(--target "$target"); done
    [[ -f $build/CMakeCache.txt ]] || generator=(-G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo)
    quietly "configure" "$build/log/configure.log" cmake -S "$repository" -B "$build" "${generator[@]}"
    quietly "build" "$build/log/build.log" cmake --build "$build" -j "$(nproc)" "${targets[@]}"
}

build_fuzz() {
    quietly "configure fuzz" "$build/log/fuzz-configure.log" cmake -S "$repository" -B "$build/fuzz" -G Ninja \
        -DCMAKE_BUILD_TYPE=Debug -DNAP_FUZZ=ON -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19
    quietly "build fuzz" "$build/log/fuzz.log" cmake --build "$build/fuzz" -j "$(nproc)" --target fuzz
}

build_criu() {
    quietly "build criu" "$build/log/criu.log" "$repository/guest/criu/build" "$build/lib/nap" "$build/cache"
}

# apt's lists, where there are none, as on a fresh system.
refresh_apt_lists() {
    [[ -n $(apt_cloud_kernels | head -n 1) ]] || quietly "apt-get update" "$build/log/apt.log" apt-get -q update
}

# make_for_machines ROOT: CRIU, a root disk, and in the kernel store of ROOT the two kernels farthest apart that apt offers:
# `kernels`, the older first.
make_for_machines() {
    build_criu
    refresh_apt_lists
    mapfile -t kernels < <(apt_cloud_kernels | sed -n '1p;$p')
    [[ ${#kernels[@]} == 2 ]] || die "apt offers fewer than two 6.1 cloud kernels with headers"
    "$repository/scripts/build-root-disk" "$build/disk/root.img"
    add_kernels "$1" "${kernels[@]}"
}

# fetch_kernel_packages VERSION...: what a machine under test installs inside, as files.
fetch_kernel_packages() {
    local version missing=()
    mkdir -p "$build/test/debs"
    for version; do
        compgen -G "$build/test/debs/linux-image-${version}_*.deb" >/dev/null || missing+=("linux-image-$version")
    done
    compgen -G "$build/test/debs/linux-base_*.deb" >/dev/null || missing+=(linux-base)
    [[ ${#missing[@]} == 0 ]] || (cd "$build/test/debs" &&
        quietly "packages for machines" "$build/log/debs.log" apt-get -q -o APT::Sandbox::User=root download "${missing[@]}")
}

# What machines under test are made of.
make_test_machines() {
    make_for_machines "$build/nap"
    "$repository/scripts/build-root-disk" --systemd "$build/disk/systemd.img"
    mkdir -p "$build/test/machine"
    fetch_kernel_packages "${kernels[@]}"
    printf '%s\n' "${kernels[@]}" >"$build/test/kernels"
    cp "$build/nap/lib/kernels/${kernels[0]}/vmlinuz" "$build/test/machine/vmlinuz"
    "$repository/tests/machine/make-guest-initramfs" "$build/nap/lib/kernels/${kernels[0]}/modules" \
        "$build/test/machine/initramfs"
}

# add_kernels ROOT VERSION...: into the kernel store of ROOT.
add_kernels() {
    local root=$1 version
    shift
    for version in "$@"; do
        quietly "kernel $version" "$build/log/kernel-$version.log" \
            "$build/bin/nap" --root "$root" kernel add "linux-image-$version"
    done
}
