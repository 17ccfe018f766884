# shellcheck shell=bash
# Words that the scripts in tools/ and tests/ share. Sourced, never run.

# The top of the source tree.
source_dir=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
export source_dir

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 2; }

# heading TEXT: where a long run has got to.
heading() { printf '\n== %s\n' "$*"; }

have() { command -v "$1" >/dev/null 2>&1; }

# answer_value KEY LINES: one value of the KEY=VALUE lines that kernels/fetch and kernels/boot print for the shell.
answer_value() (
    eval "$2"
    printf '%s\n' "${!1:-}"
)

# cache_dir: where kernels and results are kept, outside the source tree; the same folder that kernels/fetch uses.
cache_dir() { printf '%s\n' "${SEMGAP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/semgap}"; }
