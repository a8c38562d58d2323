"""Prepares this machine: `python3 tools/prepare.py serve|train|notebook|test|scale`.

Creates .venv, installs the locked packages and builds the page, each only after a change. Uses the
standard library and syntax of any Python 3, so that it can name an unsuitable Python.
"""

from __future__ import print_function

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(BIN, "python")
PAGE = os.path.join(ROOT, "webapp-frontend")
LOCKS = os.path.join(ROOT, "tools", "locks")
PACKAGES = ["detection-model", "webapp-backend"]
# These need neither the service nor the page.
LIBRARY_ONLY = ["train", "notebook"]
OLDEST, NEWEST = (3, 11), (3, 13)
OLDEST_NODE = (20, 19)


def main(profile):
    """Install what a profile needs."""
    check_python()
    make_venv()
    if profile in LIBRARY_ONLY:
        install(profile)
        return
    # Both mostly use one core. Without Node on this machine the page needs .venv first.
    with ThreadPoolExecutor(1) as pool:
        page = pool.submit(build_page) if installed_npm() else None
        install(profile)
        if page:
            page.result()
        else:
            build_page()


def check_python():
    """Exit with one sentence if this Python is unsuitable."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        stop(
            "This needs Python 3.11, 3.12 or 3.13, and {} is {}.{}: install one of them, or name "
            "it with `make run PYTHON=python3.12`.".format(sys.executable, *sys.version_info[:2])
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        stop(
            "Python's venv module is missing: install it (on Debian and Ubuntu "
            "`sudo apt install python{}.{}-venv`) and try again.".format(*sys.version_info[:2])
        )


def make_venv():
    """Create .venv, or recreate it after its Python changed."""
    made_by = os.path.join(VENV, "made-by")
    if read(made_by) == sys.version and os.path.exists(PYTHON):
        return
    say("Making .venv with Python {}.{}".format(*sys.version_info[:2]))
    shutil.rmtree(VENV, ignore_errors=True)
    run([sys.executable, "-m", "venv", VENV])
    write(made_by, sys.version)


def install(profile):
    """Install a profile's lock file and this repository's packages."""
    lock = os.path.join(LOCKS, profile + ".txt")
    projects = [os.path.join(ROOT, name, "pyproject.toml") for name in PACKAGES]
    stamp = os.path.join(VENV, "installed-" + profile)
    state = fingerprint([lock] + projects)
    if read(stamp) == state:
        return
    say("Installing Python packages; the first download is {} MB".format(megabytes(profile)))
    start = time.time()
    pip(["--require-hashes", "--only-binary", ":all:", "-r", lock])
    # The build tool is in the lock file, so this downloads nothing.
    names = PACKAGES[:1] if profile in LIBRARY_ONLY else PACKAGES
    folders = [part for name in names for part in ("-e", os.path.join(ROOT, name))]
    pip(["--no-deps", "--no-build-isolation"] + folders)
    say("Packages installed in {:.0f} s".format(time.time() - start))
    write(stamp, state)


def build_page():
    """Build webapp-frontend into its dist folder."""
    stamp = os.path.join(PAGE, "dist", "built-from")
    state = fingerprint(page_sources())
    if read(stamp) == state:
        return
    npm, environment = find_npm()
    modules = os.path.join(PAGE, "node_modules", "installed-from")
    locked = fingerprint([os.path.join(PAGE, "package-lock.json")])
    if read(modules) != locked:
        say("Installing the page's packages; the first download is {} MB".format(megabytes("page")))
        run([npm, "ci", "--no-audit", "--no-fund", "--loglevel", "error"], PAGE, environment)
        write(modules, locked)
    say("Building the page")
    run([npm, "run", "--silent", "build", "--", "--logLevel", "warn"], PAGE, environment)
    write(stamp, state)


def page_sources():
    """All files that the built page depends on."""
    skipped = {"node_modules", "dist", "e2e", "tests", "test-results", "playwright-report"}
    sources = []
    for folder, folders, files in os.walk(PAGE):
        folders[:] = sorted(set(folders) - skipped)
        sources += [os.path.join(folder, name) for name in sorted(files) if name != "schema.d.ts"]
    return sources


def find_npm():
    """(npm, environment): Node 20.19 or newer from this machine, else from a Python package."""
    npm = installed_npm()
    if npm:
        return npm, dict(os.environ)
    if not os.path.exists(os.path.join(BIN, "npm")):
        say("No Node 20.19 or newer here; downloading {} MB".format(megabytes("node")))
        lock = os.path.join(LOCKS, "node.txt")
        pip(["--require-hashes", "--only-binary", ":all:", "-r", lock])
    path = BIN + os.pathsep + os.environ.get("PATH", "")
    return os.path.join(BIN, "npm"), dict(os.environ, PATH=path)


def installed_npm():
    """npm of this machine, or None without Node 20.19 or newer."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        return None
    words = subprocess.check_output([node, "--version"]).decode().strip().lstrip("v").split(".")
    return npm if tuple(int(word) for word in words[:2]) >= OLDEST_NODE else None


def pip(arguments):
    """Run pip install in .venv and print only the downloads with their sizes."""
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", "--no-warn-script-location"] + arguments
    output = []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT)
    try:
        for line in process.stdout:
            output.append(line.decode(errors="replace"))
            if output[-1].lstrip().startswith("Downloading") and " (" in output[-1]:
                print("    " + output[-1].strip(), flush=True)
    except KeyboardInterrupt:
        process.terminate()
        stop("Stopped; run the same command to continue.")
    if process.wait():
        stop("".join(output[-20:]) + "Installing packages failed; is the network reachable?")


def megabytes(what):
    """Size of a first download in MB, as measured by `make lock`."""
    with open(os.path.join(LOCKS, "megabytes.json")) as file:
        return json.load(file)[what]


def fingerprint(paths):
    """Hash of the names and contents of files."""
    digest = hashlib.sha256(VENV.encode())
    for path in paths:
        with open(path, "rb") as file:
            digest.update(os.path.relpath(path, ROOT).encode() + b"\0" + file.read())
    return digest.hexdigest()


def run(command, folder=ROOT, environment=None):
    """Run a command; exit with its name if it fails."""
    try:
        status = subprocess.call(command, cwd=folder, env=environment)
    except KeyboardInterrupt:
        stop("Stopped; run the same command to continue.")
    if status:
        stop("This failed (status {}): {}".format(status, " ".join(command)))


def read(path):
    """Return a small file's text, or an empty string without a file."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def write(path, text):
    """Write a small file."""
    with open(path, "w") as file:
        file.write(text)


def say(text):
    """Print a progress line."""
    print("==> " + text, flush=True)


def stop(text):
    """Exit with a sentence."""
    sys.exit("make: " + text)


if __name__ == "__main__":
    main(sys.argv[1])
