"""Many writers on one branch at the same time; starts no server."""

import shutil
import statistics
import time

from ways import Job
from world import create_repository, git


def contend(servers, scratch, writers, way, hook_takes, files=2_000):
    """Bumps one at a time, then all at once, where a hook takes this many seconds; returns what both came to."""
    name = f"contention-{writers}-{time.monotonic_ns()}"
    bare = create_repository(servers, name, files, lambda c, t, a: f"reg.example.com/app-{c}-{t}-{a}")
    hook = bare / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\necho attempt >>attempts\nsleep {hook_takes}\n")
    hook.chmod(0o755)
    attempts = bare / "attempts"
    jobs = [Job(servers.registry, servers.git, servers, name, "team/app", "2.0.0",
                f"clusters/c{i % 4}/team-{i // 4 % 10}/app-{i // 40}/values.yaml", scratch / f"writer-{i}")
            for i in range(writers)]

    def commits():
        return int(git(bare, "rev-list", "--count", "main"))

    for job in jobs:
        job.tag = "1.1.0"
    started = time.perf_counter()
    single = [job.run(way)[0] for job in jobs]
    alone = time.perf_counter() - started
    before = commits()
    attempts.write_text("")

    for job in jobs:
        job.tag = "1.2.0"
    ends = [None] * writers
    started = time.perf_counter()
    processes = [job.start(way) for job in jobs]
    while None in ends:
        for number, process in enumerate(processes):
            if ends[number] is None and process.poll() is not None:
                ends[number] = time.perf_counter() - started
        time.sleep(0.005)
    together = time.perf_counter() - started
    failed = [job for job, process in zip(jobs, processes) if process.returncode != 0]
    for job in failed:
        print(job.words())
    git(bare, "fsck", "--strict", "--no-dangling")
    landed = sum("1.2.0" in git(bare, "show", f"main:{job.file}") for job in jobs)
    result = {
        "writers": writers, "single": statistics.median(single), "alone": alone, "together": together,
        "pushes": len(attempts.read_text().splitlines()), "landed": landed, "failed": len(failed),
        "linear": commits() - before == landed and not git(bare, "rev-list", "--merges", "main"),
        "median": statistics.median(ends), "slowest": max(ends), "memory": max(job.memory() for job in jobs),
    }
    for job in jobs:
        shutil.rmtree(job.directory)
    shutil.rmtree(bare)
    return result
