# shellcheck shell=bash
# Words, locks, space and whole-or-nothing files: what every script of this folder needs.
# Sourced, never run. Knows nothing of kernels, packages or guests.

# Progress and complaints go to stderr: stdout belongs to the answer.
say() { printf '%s: %s\n' "${program:-kernels}" "$*" >&2; }

# Status 2 is "unusable: arguments, input, network, disk" all over semgap.
die() { say "$*"; exit 2; }

# The cache lies outside the repository and may be thrown away at any time.
cache_root() { printf '%s\n' "${SEMGAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/semgap}"; }

# with_lock NAME COMMAND...: one holder at a time over all processes that share the cache. Runs the command in a
# subshell, so it speaks through files and its status, not through variables.
with_lock() {
    local lock
    lock=$(cache_root)/locks/$1
    shift
    mkdir -p "${lock%/*}" || die "cannot write to the cache $(cache_root)"
    (
        flock 9 || exit 2
        "$@"
    ) 9>"$lock"
}

# need_space DIR BYTES WHAT: refuse before the disk is full, not after.
need_space() {
    local free
    free=$(df -B1 --output=avail "$1" | tail -n 1)
    ((free > $2)) || die "no space for $3: $(in_mb "$2") needed in $1, $(in_mb "$free") free"
}

in_mb() { printf '%d MB\n' $((($1 + 999999) / 1000000)); }

# younger_than FILE MINUTES
younger_than() { [[ -n $(find "$1" -mmin "-$2" 2>/dev/null) ]]; }
