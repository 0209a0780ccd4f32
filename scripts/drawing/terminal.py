"""Runs commands in scripts/playground and draws what they print as an SVG that can be read on light and on dark pages.

What differs from run to run (ports, digests, commits) is replaced by one fixed text each, so that a new picture differs only in
what the program prints.
"""

import os
import re
import subprocess
import sys
from html import escape

COMMANDS = [
    'gitops-bump update --image "$IMAGE" --repo "$INFRA" --helm values-staging.yaml',
    "gitops-bump status --repo \"$INFRA\" --helm 'values-<env>.yaml'",
]
TITLE = "gitops-bump update writes a new tag into an infra repository; gitops-bump status shows both environments"

MARK = "\x1e"
FIXED = [
    (r"127\.0\.0\.1:\d{5}\b", "127.0.0.1:50000"),
    (r"sha256:[0-9a-f]{64}", "sha256:a5c3ec68bf79…"),
    (r"\bpushed [0-9a-f]{12}\b", "pushed 5c82d6135a5b"),
]

# Pixels: a character's width and a line's height, and what is left free around the text.
WIDTH, HEIGHT, MARGIN = 8, 20, 20
STYLE = """
rect { fill: #f6f8fa; stroke: #d0d7de }
text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2328; white-space: pre }
.bold { font-weight: bold } .red { fill: #b3261e } .green { fill: #116329 } .yellow { fill: #7d4e00 }
.blue { fill: #0550ae } .magenta { fill: #8250df } .cyan { fill: #0b6a75 } .prompt { fill: #6e7781 }
@media (prefers-color-scheme: dark) {
  rect { fill: #161b22; stroke: #30363d }
  text { fill: #e6edf3 }
  .red { fill: #ff8a80 } .green { fill: #7ee787 } .yellow { fill: #e3b341 }
  .blue { fill: #79c0ff } .magenta { fill: #d2a8ff } .cyan { fill: #76e3ea } .prompt { fill: #8b949e }
}
"""
CLASSES = {1: "bold", 31: "red", 32: "green", 33: "yellow", 34: "blue", 35: "magenta", 36: "cyan"}


def record():
    """What each command prints, in colour, both outputs in one."""
    typed = "exec 2>&1\n" + "".join(f"printf '%s\\n' '{MARK}'\n{command}\n" for command in COMMANDS)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "GITOPS_BUMP_TOOLS", "XDG_CACHE_HOME") if name in os.environ}
    run = subprocess.run(["scripts/playground"], input=typed, stdout=subprocess.PIPE, text=True,
                         env={**kept, "GITOPS_BUMP_COLOR": "always", "LC_ALL": "C.UTF-8"})
    if run.returncode != 0:
        sys.exit(f"picture: the commands end with exit code {run.returncode}: {run.stdout}")
    return run.stdout.split(f"{MARK}\n")[1:]


def fixed(text):
    for pattern, replacement in FIXED:
        text = re.sub(pattern, replacement, text)
    return text


def segments(line):
    """The line as (text, classes), by its escape sequences."""
    classes = set()
    for index, part in enumerate(re.split(r"\x1b\[([0-9;]*)m", line)):
        if index % 2 == 0:
            if part:
                yield part, sorted(classes)
            continue
        for code in (int(code or 0) for code in part.split(";")):
            if code == 0:
                classes = set()
            elif code in CLASSES:
                classes.add(CLASSES[code])


def drawn(line, top):
    """One line as text elements, each as wide as its characters whatever the font is."""
    column = 0
    for text, classes in line:
        start = column + len(text) - len(text.lstrip(" "))
        column += len(text)
        text = text.strip(" ")
        if text:
            names = f' class="{" ".join(classes)}"' if classes else ""
            place = f'x="{MARGIN + start * WIDTH}" y="{top}" textLength="{len(text) * WIDTH}"'
            yield f'<text {place}{names} xml:space="preserve">{escape(text)}</text>'


def picture(outputs):
    lines = []
    for command, output in zip(COMMANDS, outputs, strict=True):
        lines += [[]] if lines else []
        lines.append([("$ ", ["prompt"]), (command, ["bold"])])
        lines += [list(segments(line)) for line in fixed(output).splitlines()]
    columns = max(sum(len(text) for text, _ in line) for line in lines)
    width, height = columns * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
    yield f"<title>{escape(TITLE)}</title>"
    yield f"<style>{STYLE}</style>"
    yield f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>'
    for number, line in enumerate(lines):
        yield from drawn(line, MARGIN + number * HEIGHT + 14)
    yield "</svg>"


with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write("\n".join(picture(record())) + "\n")
