#!/usr/bin/env python3
"""A stand-in for the platform behind an infra repository, on free ports of 127.0.0.1: the mirror project's trigger (GitLab's
API) copies the repository to where the controller reads it, and the controller (Argo CD's API) fetches the revision, renders it
with Helm and says what runs.

platform.py OUTSIDE.git COPY.git HELM VALUES: prints KEY=VALUE lines, then `ready`; ends when its standard input ends.
"""

import json
import re
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OUTSIDE, COPY, HELM, VALUES = sys.argv[1:5]
TRIGGER_TOKEN, ARGOCD_TOKEN = "glptt-demo-trigger", "demo-argocd-token"
application = {"revision": "", "images": [], "health": "Healthy"}


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def mirror():
    run("git", "--git-dir", OUTSIDE, "push", "--quiet", "--force", "--prune", COPY, "+refs/heads/*:refs/heads/*")


def synchronise():
    """What a controller does: fetch the tip, render it, apply it; the pods take a moment."""
    revision = run("git", "--git-dir", COPY, "rev-parse", "main").strip()
    if revision == application["revision"]:
        return
    with tempfile.TemporaryDirectory() as directory:
        archive = subprocess.run(["git", "--git-dir", COPY, "archive", revision], check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", directory], input=archive, check=True)
        manifests = run(HELM, "template", "shop", directory, "--values", str(Path(directory) / VALUES))
    images = re.findall(r'image: "?([^"\n]+)"?', manifests)
    application.update(revision=revision, images=images, health="Progressing")
    threading.Timer(1.0, lambda: application.update(health="Healthy")).start()


def managed(image):
    """A resource as it was compared and as it is: here both have what was rendered."""
    name = image.rsplit("/", 1)[-1].split(":")[0]
    spec = {"template": {"spec": {"containers": [{"name": name, "image": image}]}}}
    state = json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec})
    return {"group": "apps", "kind": "Deployment", "name": name, "targetState": state, "liveState": state}


class Platform(BaseHTTPRequestHandler):
    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path != "/api/v4/projects/9/trigger/pipeline" or TRIGGER_TOKEN not in form:
            return self.answer(404, {"message": "404 Not Found"})
        mirror()
        self.answer(201, {"id": 1, "web_url": "https://gitlab.example.com/mirror/-/pipelines/1"})

    def do_GET(self):
        if self.headers["Authorization"] != f"Bearer {ARGOCD_TOKEN}":
            return self.answer(401, {"message": "invalid session"})
        if not self.path.startswith("/argocd/api/v1/applications/shop"):
            return self.answer(404, {"message": "application not found"})
        if "/managed-resources" in self.path:
            return self.answer(200, {"items": [managed(image) for image in application["images"]]})
        if "/resource-tree" in self.path:
            return self.answer(200, {"nodes": []})
        if "refresh=" in self.path:
            synchronise()
        source = {"repoURL": COPY, "path": ".", "helm": {"valueFiles": [VALUES]}}
        self.answer(200, {
            "metadata": {"name": "shop", "namespace": "argocd"},
            "spec": {"source": source, "syncPolicy": {"automated": {}}},
            "status": {
                "sync": {"status": "Synced", "revision": application["revision"]},
                "health": {"status": application["health"]},
                "summary": {"images": application["images"]},
            },
        })

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


mirror()
synchronise()
server = ThreadingHTTPServer(("127.0.0.1", 0), Platform)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"
print(f"mirror_api={address}/api/v4\nmirror_token={TRIGGER_TOKEN}\nargocd={address}/argocd\nargocd_token={ARGOCD_TOKEN}\nready", flush=True)
sys.stdin.read()
