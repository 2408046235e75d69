"""One clear sentence for each thing that commonly goes wrong while setting up.

Knows the words tools print when the disk is full, a registry cannot be reached or a compiler is
missing, and what the person should do then. Refuses to know how the tools are run. The sentence
is for the terminal; the tool's own words stay in the log file named beside it.
"""

import re


class Stop(Exception):
    """Set-up cannot go on; the message is the sentence to show."""


TROUBLES: tuple[tuple[str, str], ...] = (
    (
        r"No space left on device|ENOSPC|Disk quota exceeded",
        "The disk is full: free some space (the whole set-up needs about 2 GB) and run it again.",
    ),
    (
        r"Temporary failure in name resolution|Could not resolve|ENOTFOUND|EAI_AGAIN|ECONNREFUSED"
        r"|ETIMEDOUT|ECONNRESET|Network is unreachable|Connection refused|dns error"
        r"|error sending request|client error \(Connect\)|tunnel",
        "A package registry cannot be reached: check the network, or name your mirror "
        "(PIP_INDEX_URL and UV_DEFAULT_INDEX for Python, `npm config set registry` for Node).",
    ),
    (
        r"No matching version|ETARGET|No matching distribution|No solution found"
        r"|not found in the package registry",
        "The package registry does not carry a version this project pins: use a complete or newer "
        "mirror, or choose versions it has with `make lock`.",
    ),
    (
        r"EUSAGE|can only install packages when your package\.json and",
        "A package.json and its lock are out of step: run `npm install` in that folder and "
        "commit the lock.",
    ),
    (
        r"EINTEGRITY|[Hh]ash mismatch|does not have the expected content",
        "A downloaded package is not the one that was pinned: run it again, and if it stays so "
        "do not trust this registry.",
    ),
    (
        r"command '[^']*(?:gcc|cc|clang|g\+\+)' failed|unable to execute '[^']*cc'|[Nn]o C compiler"
        r"|Unknown compiler|(?:gcc|cc|c\+\+|g\+\+): (?:command )?not found",
        "A package has no ready-made build for this machine and there is no compiler: "
        "install one (Debian: apt install build-essential python3-dev) and run it again.",
    ),
    (
        r"EACCES|EPERM|Permission denied|Read-only file system",
        "A file or folder of the project cannot be written: it may belong to another user "
        "(an earlier run as root?); give it back with chown and run it again.",
    ),
    (
        r"JavaScript heap out of memory|MemoryError|Cannot allocate memory|ENOMEM",
        "This machine ran out of memory: close something (about 2 GB are needed) and try again.",
    ),
    (
        r"Could not get lock|Unable to lock|is another process using it",
        "Another program is installing packages: wait until it has finished and run it again.",
    ),
)


def sentence_for(output: str, step: str) -> str:
    """The sentence for a failed step, from the last words of its output."""
    for pattern, sentence in TROUBLES:
        if re.search(pattern, output):
            return sentence
    return f"“{step}” failed; the reason is at the end of the log."
