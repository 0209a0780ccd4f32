"""The servers, the images and the infra repositories that are measured on; measures nothing itself."""

import contextlib
import json
import os
import random
import subprocess
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent
# clusters/CLUSTER/TEAM/APP/FILE: how many of each, by the number of files.
SHAPES = {100: (2, 2, 5), 2_000: (4, 10, 10), 20_000: (10, 20, 20), 100_000: (10, 40, 50)}
FILES = ["values.yaml", "deployment.yaml", "service.yaml", "ingress.yaml", "config.yaml"]


class Servers:
    """The servers of `scripts/servers`, their state below the scratch directory."""

    def __init__(self, scratch, git_workers):
        self.process = subprocess.Popen([SCRIPTS / "servers", str(git_workers)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, "TMPDIR": str(scratch)}, text=True)
        facts = {}
        for line in self.process.stdout:
            if line.strip() == "ready":
                break
            key, value = line.rstrip("\n").split("=", 1)
            facts[key] = value
        if "images" not in facts:
            raise SystemExit("bench: the servers did not start")
        self.registry, self.git = (int(facts[key].rpartition(":")[2]) for key in ("registry", "git"))
        self.username, self.token = facts["git_username"], facts["git_token"]
        self.repositories, self.images = Path(facts["git_repositories"]), facts["images"]

    def push(self, name, tags):
        for tag in tags:
            target = f"docker://127.0.0.1:{self.registry}/{name}:{tag}"
            run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false",
                 f"oci:{self.images}:image", target])

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Link:
    """A link to a server's port; see link.py."""

    def __init__(self, port, round_trip, rate, *dropped):
        self.process = subprocess.Popen(["python3", Path(__file__).with_name("link.py"), str(port), str(round_trip),
                                         str(rate), *dropped], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def report(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


@contextlib.contextmanager
def links(servers, round_trip, rate):
    """A link to the registry and one to the Git server."""
    both = Link(servers.registry, round_trip, rate), Link(servers.git, round_trip, rate)
    try:
        yield both
    finally:
        for link in both:
            link.stop()


def run(command, **options):
    done = subprocess.run(command, stdin=options.pop("stdin", subprocess.DEVNULL), capture_output=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"bench: {command[0]} failed: {done.stderr.decode(errors='replace')}")
    return done.stdout


def git(repository, *arguments, **options):
    clean = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    return run(["git", "--git-dir", str(repository), *arguments], env=clean, **options).decode()


def create_repository(servers, name, files, image):
    """A bare, packed repository with this many files, four directories deep; every app's values name an image."""
    bare = servers.repositories / f"{name}.git"
    git(bare, "init", "--quiet", "--bare", "--initial-branch=main")
    stream = servers.repositories / f"{name}.stream"
    with stream.open("wb") as out:
        out.write(b"commit refs/heads/main\ncommitter A <a@example.com> 1700000000 +0000\ndata 5\nfirst\n")
        for path, content in tree(files, image):
            data = content.encode()
            out.write(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data))
    with stream.open("rb") as stdin:
        git(bare, "fast-import", "--quiet", stdin=stdin)
    stream.unlink()
    git(bare, "repack", "-a", "-d", "-q")
    git(bare, "config", "gc.auto", "0")
    return bare


def tree(files, image):
    clusters, teams, apps = SHAPES[files]
    rng = random.Random(files)
    for cluster in range(clusters):
        for team in range(teams):
            for app in range(apps):
                for name in FILES:
                    path = f"clusters/c{cluster}/team-{team}/app-{app}/{name}"
                    yield path, content(rng, image(cluster, team, app) if name == "values.yaml" else None)


def add_branches(bare, count):
    """Adds branches at the tip of `main`, all in one file, as a server keeps those that don't move."""
    tip = git(bare, "rev-parse", "main").strip()
    names = sorted(["main", *(f"feature-{number:06}" for number in range(count))])
    refs = "".join(f"{tip} refs/heads/{name}\n" for name in names)
    (bare / "packed-refs").write_text("# pack-refs with: peeled fully-peeled sorted \n" + refs)


def content(rng, image):
    head = f"image:\n  repository: {image}\n  tag: \"1.0.0\"\n" if image else "kind: ConfigMap\n"
    lines = (f"  setting_{number}: {rng.getrandbits(192):048x}\n" for number in range(30))
    return head + "settings:\n" + "".join(lines)
