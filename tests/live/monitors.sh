# shellcheck shell=bash
# The monitors of examples/ on a running guest: one binary each for every kernel, with a blob of this one. A kind of looks.sh,
# sourced after it. Needs also: work (a folder), source (of the guest's memory).

monitors=(process_paths open_files module_check credential_watch memory_map)

have_monitors() { [[ -x ${build:?}/examples/process_paths ]]; }

make_blobs() {
    local name
    for name in "${monitors[@]}"; do
        "${semgap:?}" emit --format gap --select "$build/examples/$name.json" -o "${work:?}/$name.gap" "${profile:?}" || return 1
        at_most "$work/$name.gap" 2048 || return 1
    done
}

monitor() { # SOURCE NAME [ARGUMENT...]
    local source=$1 name=$2
    shift 2
    "$build/examples/$name" "$work/$name.gap" "$source" "$@"
}

monitors_truth() { # FOLDER
    places_truth "$1" || return 1
    ask cat /proc/modules >"$1/modules" 2>/dev/null || : >"$1/modules"
}

monitors_views() { # FOLDER SOURCE OUT
    local pid pids status=0
    mapfile -t pids < <(awk -F '\t' '$11 != "-" { print $1 }' "$1/before/ps")
    monitor "$2" process_paths >"$3/paths" || status=1
    monitor "$2" open_files >"$3/opened" || status=1
    monitor "$2" module_check >"$3/checked" || status=1
    for pid in "${pids[@]}"; do
        monitor "$2" memory_map "$pid" >"$3/map.$pid" || status=1
    done
    return "$status"
}

# A process takes rights that it did not have, under the eyes of the watcher; another only uses what it kept.
watch_rights() { # SOURCE
    local pid watcher
    pid=$(ask ps | awk -F '\t' '$10 == "rights" { print $1 }')
    [[ -n $pid ]] || { echo "no process called rights"; return 1; }
    monitor "$1" credential_watch 60 100 >"$work/rights" 2>"$work/rights.log" &
    watcher=$!
    sleep 1
    ask sh "kill -USR1 $pid" || true
    wait "$watcher" || true # 3: processes end while they are read
    cat "$work/rights" "$work/rights.log"
    grep -qP "^surprise\t$pid\trights\t1000 1000 1000 -> 0 0 0$" "$work/rights" &&
        (($(grep -c ^surprise "$work/rights") == 1))
}

look_at_monitors() { # NAME SOURCE
    if ! have_monitors; then
        skip "$1: monitors" "built without libclang"
        return
    fi
    check "$1: blobs of the monitors" make_blobs || return
    check "$1: monitors, paused, as the guest sees itself" look monitors "$work/paused-monitors" "$2" --paused
    check "$1: a process that takes root's rights is a surprise" watch_rights "$2"
}
