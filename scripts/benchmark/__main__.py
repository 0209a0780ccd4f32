"""Compares gitops-bump with two ways of bumping by Git's commands, side by side, and prints Markdown tables."""

import argparse
import contextlib
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from contention import contend
from versions import compare
from ways import CLASSICAL, NAIVE, PLAIN, Job
from world import Servers, create_repository, links

ROUND_TRIP, RATE = 0.02, 50e6
IMAGE = "team/app"
# A worker of the Git server that waits for a hook does nothing else; real servers have more.
WORKERS, WORKERS_WITH_SLOW_HOOK = 6, 64
WAYS = ("gitops-bump", "classical", "plain git")


def main():
    arguments = parse()
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    binary = arguments.binary.resolve()
    ways = dict(zip(WAYS, (binary, CLASSICAL, PLAIN)))
    scratch = Path(tempfile.mkdtemp(prefix="gitops-bump-bench.", dir=memory_disk()))
    try:
        print(machine(scratch))
        with serving(scratch, WORKERS) as servers:
            if arguments.versions:
                versions(servers, scratch, binary, arguments)
                return
            sizes(servers, scratch, ways, arguments)
        if arguments.writers:
            contention(scratch, binary, arguments)
    finally:
        shutil.rmtree(scratch)


@contextlib.contextmanager
def serving(scratch, git_workers):
    servers = Servers(scratch, git_workers)
    try:
        yield servers
    finally:
        servers.stop()


def parse():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--binary", type=Path, required=True, help="the gitops-bump to measure")
    parser.add_argument("--full", action="store_true", help="also a repository of 100 000 files")
    parser.add_argument("--files", type=int, nargs="*", help="only repositories of these sizes")
    parser.add_argument("--writers", type=int, nargs="*", default=[16, 64, 128], help="how many contend; none: skip it")
    parser.add_argument("--hooks", type=float, nargs="*", default=[0, 0.3],
                        help="how many seconds a push takes in the hook while they contend")
    parser.add_argument("--runs", type=int, default=5, help="runs of each way; the median counts")
    parser.add_argument("--versions", action="store_true", help="only compare the versions of Git's protocol")
    parser.add_argument("--no-naive", action="store_true", help="leave the naive loop out of the contention")
    return parser.parse_args()


def sizes(servers, scratch, ways, arguments):
    files = arguments.files
    if files is None:
        files = [100, 2_000, 20_000] + ([100_000] if arguments.full else [])
    if not files:
        return
    tags = [f"1.{number}.0" for number in range(1, 2 * arguments.runs + 3)]
    servers.push(IMAGE, tags)
    for count in files:
        create_repository(servers, f"infra-{count}", count, lambda c, t, a: f"reg.example.com/app-{c}-{t}-{a}")
    print("\n| files | link | way | time | ratio | down | up | requests | one after another | memory | disk |")
    print("|--:|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for count in files:
        for link in ("loopback", "20 ms"):
            measure(servers, scratch, ways, count, link, tags)


def measure(servers, scratch, ways, count, link, tags):
    """Runs the ways in turn, so that what else the machine does meets all alike."""
    results = {way: [] for way in ways}
    with links(servers, ROUND_TRIP, RATE) as (registry, git):
        for tag in tags[: len(tags) // 2] if link == "loopback" else tags[len(tags) // 2:]:
            for way, command in ways.items():
                # A tag of its own for each way, or there would be nothing to change.
                file = f"clusters/c1/team-1/app-{WAYS.index(way)}/values.yaml"
                ports = (servers.registry, servers.git) if link == "loopback" else (registry.port, git.port)
                job = Job(*ports, servers, f"infra-{count}", IMAGE, tag, file, scratch / "job")
                results[way].append((*job.run(command), git.report()))
                shutil.rmtree(job.directory)
    base = statistics.median(seconds for seconds, *_ in results["gitops-bump"][1:])
    for way, runs in results.items():
        # The first run warms the server's caches.
        runs = runs[1:]
        seconds = statistics.median(seconds for seconds, *_ in runs)
        memory, disk, traffic = max(run[1] for run in runs), max(run[2] for run in runs), runs[-1][3]
        through = ["", "", "", ""]
        if link != "loopback":
            through = [size(traffic["down"]), size(traffic["up"]), traffic["requests"], traffic["rounds"]]
        ratio = "" if way == "gitops-bump" else f"{base / seconds:.2f}"
        cells = [f"{count:,}".replace(",", " "), link, way, f"{seconds:.3f} s", ratio, *through,
                 size(memory * 1024), size(disk)]
        print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def versions(servers, scratch, binary, arguments):
    tags = [f"1.{number}.0" for number in range(1, arguments.runs + 2)]
    servers.push(IMAGE, tags)
    print("\n| files | branches | by | version | time | down | up | requests | connections | memory |")
    print("|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|")
    for files, branches in ((100, 1), (20_000, 1), (100, 10_000)):
        for row in compare(servers, scratch, binary, (files, branches), (IMAGE, tags), (ROUND_TRIP, RATE)):
            numbers = [f"{number:,}".replace(",", " ") for number in (files, branches)]
            traffic = row["traffic"]
            cells = [*numbers, row["by"], row["version"], f"{row['seconds']:.3f} s", size(traffic["down"]),
                     size(traffic["up"]), traffic["requests"] or "", traffic["connections"], size(row["memory"] * 1024)]
            print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def contention(scratch, binary, arguments):
    print("\n| writers | hook | way | landed | slowest writer | median writer | one after another | ratio | pushes at the "
          "hook | history | memory |")
    print("|--:|--:|---|--:|--:|--:|--:|--:|--:|---|--:|")
    for hook_takes in arguments.hooks:
        with serving(scratch, WORKERS_WITH_SLOW_HOOK if hook_takes else WORKERS) as servers:
            servers.push(IMAGE, ["1.1.0", "1.2.0"])
            for writers in arguments.writers:
                for way, command in [("gitops-bump", binary)] + ([] if arguments.no_naive else [("naive loop", NAIVE)]):
                    result = contend(servers, scratch, writers, command, hook_takes)
                    contended(way, hook_takes, result)


def contended(way, hook_takes, result):
    """Prints one row; the slowest writer's end is the time after which all have landed."""
    cells = [result["writers"], f"{hook_takes:g} s", way, result["landed"], f"{result['slowest']:.1f} s",
             f"{result['median']:.1f} s", f"{result['alone']:.1f} s", f"{result['together'] / result['alone']:.2f}",
             result["pushes"], "linear" if result["linear"] else "not linear", size(result["memory"] * 1024)]
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)
    if way == "gitops-bump" and result["failed"]:
        sys.exit("bench: a writer failed")


def memory_disk():
    """A directory in memory, so that no way waits for a disk."""
    if os.path.ismount("/dev/shm"):
        return "/dev/shm"
    print("bench: /dev/shm is not in memory, the disk is measured too", file=sys.stderr)
    return None


def machine(scratch):
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    place = "tmpfs" if str(scratch).startswith("/dev/shm") else "disk"
    return (f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start, Git {git}, {place}, "
            f"{platform.system()} {platform.release()}")


def size(count):
    for unit, limit in (("B", 10_000), ("kB", 10_000_000)):
        if count < limit:
            return f"{count // 1000 if unit == 'kB' else count} {unit}"
    return f"{count / 1e6:.1f} MB"


main()
