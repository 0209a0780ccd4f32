"""A bump by HTTP and by SSH, in version 2 of Git's protocol and in version 0; prints nothing."""

import getpass
import shutil
import socket
import statistics
import subprocess
import time
from pathlib import Path

from ways import Job
from world import Link, add_branches, create_repository, git, run

# Runs Git's two services below a directory, as a hosting server does.
SHELL = """#!/bin/sh
eval "set -- $SSH_ORIGINAL_COMMAND"
exec git "${1#git-}" "%s/${2#/}"
"""


class Sshd:
    """An SSH server on a free port that takes these variables from its clients."""

    def __init__(self, directory, repositories, accepted):
        directory.mkdir()
        Path("/run/sshd").mkdir(exist_ok=True)
        for name in ("host", "key"):
            run(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", str(directory / name)])
        shell = directory / "shell"
        shell.write_text(SHELL % repositories)
        shell.chmod(0o755)
        (directory / "authorized_keys").write_text(f'restrict,command="{shell}" {(directory / "key.pub").read_text()}')
        self.port, self.key = free_port(), str(directory / "key")
        self.public = (directory / "host.pub").read_text()
        config = directory / "config"
        config.write_text(f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {directory}/host\nPidFile none\n"
                          f"AuthorizedKeysFile {directory}/authorized_keys\nStrictModes no\nUsePAM no\n"
                          f"AcceptEnv {accepted}\n")
        self.process = subprocess.Popen([shutil.which("sshd", path="/usr/sbin:/usr/bin"), "-D", "-e", "-f", config],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until_it_listens(self.port)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def compare(servers, scratch, binary, size, image, link):
    """Yields one row for each way to the same repository, `(files, branches)` large."""
    files, branches = size
    name = f"infra-{files}-{branches}"
    bare = create_repository(servers, name, files, lambda c, t, a: f"reg.example.com/app-{c}-{t}-{a}")
    if branches > 1:
        add_branches(bare, branches - 1)
    # The Git server's own settings don't count for sshd.
    for setting in ("allowFilter", "allowAnySHA1InWant"):
        git(bare, "config", f"uploadpack.{setting}", "true")
    for number, (by, version) in enumerate((("HTTP", 2), ("HTTP", 0), ("SSH", 2), ("SSH", 0))):
        file = f"clusters/c1/team-1/app-{number}/values.yaml"
        if by == "HTTP":
            to_git = Link(servers.git, *link, *([] if version else ["Git-Protocol"]))
            how = {"url": f"http://127.0.0.1:{to_git.port}/{name}.git"}
            runs = measure(servers, scratch, binary, (name, file), image, link, to_git, how)
        else:
            accepted = "GIT_PROTOCOL" if version else "LANG LC_*"
            sshd = Sshd(scratch / f"sshd-{name}-{version}", servers.repositories, accepted)
            to_git = Link(sshd.port, *link)
            how = {"url": f"ssh://{getpass.getuser()}@127.0.0.1:{to_git.port}/{name}.git",
                   "ssh": (sshd.key, f"[127.0.0.1]:{to_git.port} {sshd.public}")}
            try:
                runs = measure(servers, scratch, binary, (name, file), image, link, to_git, how)
            finally:
                sshd.stop()
        yield {"by": by, "version": version, "seconds": statistics.median(run[0] for run in runs[1:]),
               "memory": max(run[1] for run in runs[1:]), "traffic": runs[-1][2]}


def measure(servers, scratch, binary, place, image, link, to_git, how):
    """Writes each tag in turn; returns seconds, KiB of memory and what went over the link."""
    (name, file), (path, tags) = place, image
    registry, runs = Link(servers.registry, *link), []
    try:
        for tag in tags:
            job = Job(registry.port, to_git.port, servers, name, path, tag, file, scratch / "job", **how)
            seconds, memory, _ = job.run(binary)
            runs.append((seconds, memory, to_git.report()))
            shutil.rmtree(job.directory)
    finally:
        registry.stop()
        to_git.stop()
    return runs


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def until_it_listens(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit("bench: sshd did not start")
