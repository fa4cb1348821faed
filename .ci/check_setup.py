"""Says in one line what is missing to build poseval; run before anything is installed, by any Python."""

import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile

DEBIAN = "apt install g++ python3-dev python3-venv"
MACOS = "xcode-select --install"
HOW = "on macOS: " + MACOS if sys.platform == "darwin" else "on Debian and Ubuntu: " + DEBIAN


def compiler_fault():
    """What hinders C++20, or an empty text."""
    command = shlex.split(os.environ.get("CXX") or sysconfig.get_config_var("CXX") or "c++")[:1]
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "try.cpp")
        with open(source, "w") as file:
            file.write("#include <Python.h>\n#include <span>\nint main() { return 0; }\n")
        include = sysconfig.get_paths()["include"]
        try:
            arguments = ["-std=c++20", "-fsyntax-only", "-I" + include, source]
            done = subprocess.run(command + arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except OSError:
            return "a C++ compiler is missing (%s cannot be started)" % command[0]
    text = done.stdout.decode("utf-8", "replace")
    if not done.returncode:
        return ""
    if "Python.h" in text:
        return "the headers of this Python are missing (Python.h)"
    return "the compiler %s does not compile C++20" % command[0]


def fault():
    """The first thing that is missing, or an empty text."""
    if sys.version_info < (3, 10):
        return "%s is Python %d.%d: 3.10 or newer is needed (make PYTHON=python3.12 ...)" % (
            (sys.executable,) + sys.version_info[:2]
        )
    try:
        import ensurepip  # noqa: F401  # Debian leaves it out without python3-venv
        import venv  # noqa: F401
    except ImportError:
        return "this Python has no venv module; " + HOW
    missing = compiler_fault()
    return missing and missing + "; " + HOW


if __name__ == "__main__":
    said = fault()
    if said:
        sys.exit("make: " + said)
