"""The ways to bump a tag that are compared, each as a command; measures nothing itself."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

# What a job does today: look at the image, clone, edit in place, commit, push.
CLASSICAL = """
skopeo --insecure-policy inspect --tls-verify=false "docker://$IMAGE:$TAG" >/dev/null
git clone --quiet --depth 1 --branch main "$URL" infra
cd infra
sed -i "s/^  tag: .*/  tag: \\"$TAG\\"/" "$FILE"
git commit --quiet --all --message "bump to $TAG"
git push --quiet origin main
"""

# The least that Git's own commands can do: no history, no files but the one, no checkout; the image is looked at
# meanwhile, and the password is sent at once.
PLAIN = """
skopeo --insecure-policy inspect --tls-verify=false "docker://$IMAGE:$TAG" >/dev/null &
check=$!
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.proactiveAuth GIT_CONFIG_VALUE_0=basic
git clone --quiet --bare --depth 1 --filter=blob:none --branch main "$URL" infra
cd infra
blob=$(git show "main:$FILE" | sed "s/^  tag: .*/  tag: \\"$TAG\\"/" | git hash-object -w --stdin)
git read-tree main
git update-index --cacheinfo "100644,$blob,$FILE"
commit=$(git commit-tree -p main -m "bump to $TAG" "$(git write-tree --missing-ok)")
wait "$check"
git push --quiet origin "$commit:refs/heads/main"
"""

# What jobs do about a lost race, with as much patience as they have.
NAIVE = """
git clone --quiet --branch main "$URL" infra
cd infra
sed -i "s/^  tag: .*/  tag: \\"$TAG\\"/" "$FILE"
git commit --quiet --all --message "bump to $TAG"
for try in $(seq 25); do
  git push --quiet origin main 2>/dev/null && exit 0
  git pull --quiet --rebase origin main 2>/dev/null || true
done
exit 1
"""


@dataclass
class Job:
    """One bump: where the image and the repository are, what to write, and an empty directory to do it in."""
    registry: int
    git: int
    servers: object
    repository: str
    image: str
    tag: str
    file: str
    directory: Path
    url: str = ""  # of the repository, where it is not the Git server's
    ssh: tuple = ()  # the key's file and the line of the known hosts

    def start(self, way):
        """Starts the job; /usr/bin/time adds its peak memory in KiB to a file."""
        shutil.rmtree(self.directory, ignore_errors=True)
        for name in ("home", "work", "tmp"):
            (self.directory / name).mkdir(parents=True)
        command = ["/usr/bin/time", "--quiet", "-f", "%M", "-o", str(self.directory / "memory"), *self.command(way)]
        self.log = (self.directory / "log").open("wb")
        return subprocess.Popen(command, env=self.environment(), cwd=self.directory / "work",
                                stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def run(self, way):
        """Runs the job; returns seconds, KiB of memory, and bytes left on the disk."""
        started = time.perf_counter()
        code = self.start(way).wait()
        seconds = time.perf_counter() - started
        if code != 0:
            raise SystemExit(f"bench: a job failed with exit code {code}:\n{self.words()}")
        return seconds, self.memory(), self.disk()

    def command(self, way):
        if isinstance(way, Path):
            return [str(way), "update", "--image", f"127.0.0.1:{self.registry}/{self.image}:{self.tag}",
                    "--repo", self.url or f"http://127.0.0.1:{self.git}/{self.repository}.git", "--branch", "main",
                    "--helm", f"{self.file}:image", "--any-repository"]
        return ["sh", "-euc", way]

    def environment(self):
        login = f"{self.servers.username}:{quote(self.servers.token, safe='')}"
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.directory / "home"), "TMPDIR": str(self.directory / "tmp"),
            **({"GITOPS_BUMP_SSH_KEY": self.ssh[0], "GITOPS_BUMP_SSH_KNOWN_HOSTS": self.ssh[1]} if self.ssh
               else {"GITOPS_BUMP_GIT_TOKEN": self.servers.token}),
            "GITOPS_BUMP_PUSH_TIMEOUT": "10m",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com",
            "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com",
            "URL": f"http://{login}@127.0.0.1:{self.git}/{self.repository}.git",
            "IMAGE": f"127.0.0.1:{self.registry}/{self.image}", "TAG": self.tag, "FILE": self.file,
        }

    def memory(self):
        return int((self.directory / "memory").read_text().split()[-1])

    def disk(self):
        files = (self.directory / name for name in ("home", "work", "tmp"))
        return sum(path.stat().st_size for top in files for path in top.rglob("*") if path.is_file())

    def words(self):
        return (self.directory / "log").read_text(errors="replace")[-2000:]
