#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Boots a kernel with a pre-filled U and runs adopt_test in it: run.py VMLINUZ NAP_KO ADOPT_TEST [MODE] [CMDLINE...].

Needs qemu-system-x86_64 and a static /bin/busybox. Exits 0 if the guest said PASS and no more."""
import os, shutil, subprocess, sys, tempfile, time

U_MIB = 1024
vmlinuz, module, program = sys.argv[1:4]
mode = sys.argv[4] if len(sys.argv) > 4 else "run"
more = " ".join(sys.argv[5:])
here = os.path.dirname(os.path.abspath(__file__))

with tempfile.TemporaryDirectory(prefix="nap-module-") as work, \
     tempfile.NamedTemporaryFile(prefix="nap-module-u-", dir="/dev/shm") as user_memory:
    user_memory.truncate(U_MIB << 20)
    subprocess.run([program, "fill", user_memory.name], check=True)

    root = work + "/root"
    os.makedirs(root + "/bin")
    os.makedirs(root + "/dev")
    shutil.copy(shutil.which("busybox"), root + "/bin/busybox")
    shutil.copy(program, root + "/bin/adopt_test")
    shutil.copy(here + "/init", root + "/init")
    subprocess.run(["strip", "-g", "-o", root + "/nap.ko", module], check=True)
    with open(work + "/initrd", "wb") as out:
        names = subprocess.run(["find", "."], cwd=root, check=True, capture_output=True).stdout
        subprocess.run(["cpio", "-oH", "newc", "--quiet"], cwd=root, input=names, stdout=out, check=True)

    guest = subprocess.Popen(
        ["timeout", os.environ.get("LIMIT", "900"), "qemu-system-x86_64", "-machine", "q35", "-cpu", "max,-cx16", "-smp", os.environ.get("SMP", "1"),
         "-m", "512M,slots=2,maxmem=8G",
         "-object", f"memory-backend-file,id=u,size={U_MIB}M,mem-path={user_memory.name},share=on",
         "-device", "pc-dimm,memdev=u,id=d0", "-kernel", vmlinuz, "-initrd", work + "/initrd",
         "-nic", "none", "-display", "none", "-monitor", os.environ.get("MONITOR", "none"), "-serial", "stdio", "-no-reboot", "-append",
         f"console=ttyS0 quiet memhp_default_state=offline transparent_hugepage=always panic=-1 "
         f"nap.mode={mode} nap.frames={U_MIB << 8} {more}"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    passed = failed = False
    started = time.time()
    for line in guest.stdout:
        text = line.decode(errors="replace").rstrip()
        print(f"{time.time() - started:6.1f} {text}", flush=True)
        passed |= text.startswith("PASS")
        failed |= "FAIL" in text
        if text.startswith("@CHECK"):
            same = subprocess.run([program, "check", user_memory.name]).returncode == 0
            print("       U", "unchanged" if same else "CHANGED", flush=True)
            guest.stdin.write(b"y\n" if same else b"n\n")
            guest.stdin.flush()
    guest.wait()
sys.exit(0 if passed and not failed else 1)
