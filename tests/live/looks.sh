# shellcheck shell=bash
# What is looked at in a running guest, in kinds: of each the guest's own word (truth), what semgap sees (views), and a
# script compare_KIND that holds one against the other. All lies in one folder: FOLDER/before, FOLDER/view, FOLDER/after.
# Sourced after tools/lib.sh. Needs: guest (folder of the running guest), profile, semgap, build.

# shellcheck disable=SC2034  # for those that source this
kinds=(ps system places values)
view_options=() # given to every view: (--pause)
view_lacks=''   # what this profile cannot tell: boot_ns

ask() { "${source_dir:?}/kernels/boot" ask --dir "${guest:?}" "$@"; }
qmp() { "$source_dir/kernels/boot" qmp --dir "${guest:?}" "{\"execute\":\"$1\"}" >/dev/null; }

# view_of SOURCE VIEW [ARGUMENT...]: in JSON.
view_of() {
    local source=$1
    shift
    "${semgap:?}" guest "$@" --memory "$source" --profile "${profile:?}" "${view_options[@]}" --json
}

# look_folder FOLDER: made anew, with what the comparing scripts look for in it.
look_folder() {
    rm -rf "$1"
    mkdir -p "$1/before" "$1/view" "$1/after"
    printf '%s' "$view_lacks" >"$1/lacks"
}

# look KIND FOLDER SOURCE [--paused]: truth, view, truth; then they are held against each other.
look() {
    local kind=$1 folder=$2 source=$3 paused=${4:-} status=0
    look_folder "$folder"
    "${kind}_truth" "$folder/before" || return 1
    [[ -z $paused ]] || qmp stop || return 1
    "${kind}_views" "$folder" "$source" "$folder/view" || status=1
    [[ -z $paused ]] || qmp cont || return 1
    "${kind}_truth" "$folder/after" || return 1
    ((status == 0)) || return 1
    "$source_dir/tests/live/compare_$kind" "$folder"
}

# pid_of FOLDER COMM: from the answer to `ps` in FOLDER.
pid_of() { awk -F '\t' -v comm="$2" '$10 == comm { print $1; exit }' "$1/ps"; }

# ---- processes -------------------------------------------------------------------------------------------------------

ps_truth() { ask ps >"$1/ps"; }
ps_views() { view_of "$2" ps >"$3/ps.json"; } # FOLDER SOURCE OUT

# ---- the system ------------------------------------------------------------------------------------------------------

system_truth() { # FOLDER
    local what pid file
    for what in ps threads sockets kmsg banner; do ask "$what" >"$1/$what" || return 1; done
    ask cat /proc/modules >"$1/modules" 2>/dev/null || : >"$1/modules" # a kernel may have none
    ask cat /proc/stat >"$1/stat" || return 1
    pid=$(pid_of "$1" files)
    file=$(ask cat "/proc/$pid/maps" | sed -n 's/-.* \[heap\]$//p')
    printf '%s %s\n' "$pid" "$file" >"$1/memory.at"
    ask memory "$pid" "$file" 1000 >"$1/memory" || return 1
    : >"$1/nets"
    for pid in 1 $(pid_of "$1" "net ns"); do
        printf '%s %s\n' "$pid" "$(ask links "/proc/$pid/ns" | sed -n 's/^net\tnet:\[\(.*\)\]$/\1/p')" >>"$1/nets"
        for file in tcp tcp6 udp udp6 unix; do
            ask cat "/proc/$pid/net/$file" >"$1/net.$pid.$file" || rm -f "$1/net.$pid.$file"
        done
    done
}

system_views() { # FOLDER SOURCE OUT
    local what
    for what in info threads modules sockets current dmesg; do
        view_of "$2" "$what" >"$3/$what.json" || return 1
    done
    view_of "$2" dump-process "$(cut -d ' ' -f 1 "$1/before/memory.at")" -o "$3/core" >"$3/dump.json"
}

# ---- address spaces, files, mounts, executables and arguments ---------------------------------------------------------

places_truth() { # FOLDER
    local question
    for question in maps files mounts ps; do ask "$question" >"$1/$question" || return 1; done
}

places_views() { # FOLDER SOURCE OUT
    local pid pids
    view_of "$2" ps >"$3/ps.json" || return 1
    view_of "$2" files --all >"$3/files.json" || return 1
    mapfile -t pids < <(awk -F '\t' '$11 != "-" { print $1 }' "$1/before/ps")
    for pid in "${pids[@]}"; do
        view_of "$2" maps "$pid" >"$3/maps.$pid.json" || return 1
        view_of "$2" mounts "$pid" >"$3/mounts.$pid.json" || return 1
    done
}

# ---- values: variables, members, addresses ----------------------------------------------------------------------------

# The processes whose memory and task_struct are looked into.
value_processes=(files ids threads)

values_truth() { # FOLDER
    local name pid file
    ask ps >"$1/ps" && ask threads >"$1/threads" && ask banner >"$1/banner" &&
        ask cat /proc/stat >"$1/stat" && ask cat /proc/iomem >"$1/iomem" || return 1
    : >"$1/kallsyms"
    for name in _text _stext linux_banner init_task init_uts_ns schedule; do ask kallsyms "$name" >>"$1/kallsyms" || return 1; done
    for file in sys/kernel/osrelease sys/kernel/version sys/kernel/hostname cmdline sys/kernel/pid_max modules; do
        ask cat "/proc/$file" >"$1/${file##*/}" || : >"$1/${file##*/}"
    done
    for name in "${value_processes[@]}"; do
        pid=$(pid_of "$1" "$name")
        for file in status statm oom_score_adj; do ask cat "/proc/$pid/$file" >"$1/$file.$name" || return 1; done
        ask physical "$pid" >"$1/physical.$name" || return 1
        # The first page of the first mapping is the program's, and begins with its ELF header.
        ask memory "$pid" "$(head -n 1 "$1/physical.$name" | cut -f 1)" 40 >"$1/elf.$name" || return 1
    done
}

values_views() { # FOLDER SOURCE OUT
    "$source_dir/tests/live/compare_values" "$1" --ask "$3/values.json" -- "${semgap:?}" --memory "$2" --profile "$profile" \
        "${view_options[@]}" &&
        "${build:?}/tests/walk_idr" "$profile" "$2" >"$3/idr"
}
