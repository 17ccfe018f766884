# shellcheck shell=bash
# The monitors of examples/, the same binaries for every kernel, with blobs of the guest's: a kind of looks.sh, and a process that is
# watched while it takes rights. Sourced after looks.sh; needs work besides, and check and skip for
# look_at_monitors.

monitor_names=(process_paths open_files module_check credential_watch memory_map)

have_monitors() { [[ -x ${build:?}/examples/process_paths ]]; }

# make_blobs: once for each kernel.
make_blobs() {
    local name size
    for name in "${monitor_names[@]}"; do
        "${semgap:?}" emit --format gap --select "$build/examples/$name.json" -o "${work:?}/$name.gap" "${profile:?}" || return 1
        size=$(stat -c %s "$work/$name.gap")
        echo "$name: $size bytes"
        ((size <= 2048)) || return 1
    done
}

# monitor NAME SOURCE [ARGUMENT...]: 3 is a guest that moved under it; what stood must be right nevertheless.
monitor() {
    local name=$1 source=$2 status=0
    shift 2
    "$build/examples/$name" "$work/$name.gap" "$source" "$@" || status=$?
    ((status == 0 || status == 3))
}

monitors_truth() { # FOLDER
    local question
    for question in ps files maps; do ask "$question" >"$1/$question" || return 1; done
    ask cat /proc/modules >"$1/modules" 2>/dev/null || : >"$1/modules" # a kernel may have none
}

monitors_views() { # FOLDER SOURCE OUT
    local pid pids
    mapfile -t pids < <(awk -F '\t' '$11 != "-" { print $1 }' "$1/before/ps")
    monitor process_paths "$2" >"$3/paths" || return 1
    monitor open_files "$2" >"$3/opened" || return 1
    monitor module_check "$2" >"$3/checked" || return 1
    for pid in "${pids[@]}"; do monitor memory_map "$2" "$pid" >"$3/map.$pid" || return 1; done
}

# foreign_blobs SOURCE: a blob of another build, of another architecture, cut, or altered is refused; nothing is printed.
foreign_blobs() {
    local folder=$work/foreign flags name status
    mkdir -p "$folder"
    cat >"$folder/kernel.c" <<'C'
struct list_head { struct list_head *next, *prev; };
struct vm_area_struct { unsigned long vm_start, vm_end; };
struct mm_struct { long before; };
struct task_struct { long before; int pid; char comm[16]; struct list_head tasks; struct mm_struct *mm; };
struct task_struct init_task;
struct mm_struct first_mm;
struct vm_area_struct first_vma;
const char linux_banner[] = "Linux version 6.1.0-another (nobody@nowhere) #1 SMP\n";
int main(void) { return init_task.pid; }
C
    for flags in -m64 -m32; do
        "${CC:-gcc}" "$flags" -g -o "$folder/kernel" "$folder/kernel.c" &&
            "$semgap" extract --dwarf -o "$folder/kernel.gap" "$folder/kernel" &&
            "$semgap" emit --format gap --select "$build/examples/memory_map.json" -o "$folder/other$flags.gap" "$folder/kernel.gap" ||
            return 1
    done
    head -c 300 "$work/memory_map.gap" >"$folder/cut.gap"
    sed 's/mmap\|vm_start/vm_stark/' "$work/memory_map.gap" >"$folder/altered.gap"
    for name in other-m64 other-m32 cut altered; do
        status=0
        "$build/examples/memory_map" "$folder/$name.gap" "$1" 1 >"$folder/out" 2>"$folder/words" || status=$?
        if ((status != 2)) || [[ -s $folder/out || ! -s $folder/words ]]; then
            echo "$name is taken: $status"
            return 1
        fi
        printf '%s: %s\n' "$name" "$(cat "$folder/words")"
    done
}

# watch_rights SOURCE: a process takes rights that it did not have, under the eyes of the watcher.
watch_rights() {
    local pid watcher
    pid=$(ask ps | awk -F '\t' '$10 == "rights" { print $1 }')
    [[ -n $pid ]] || { echo "no process called rights"; return 1; }
    monitor credential_watch "$1" 60 100 >"$work/rights" 2>"$work/rights.log" &
    watcher=$!
    sleep 1
    ask sh "kill -USR1 $pid" || true
    wait "$watcher" || return 1
    cat "$work/rights" "$work/rights.log"
    grep -qP "^surprise\t$pid\trights\t1000 1000 1000 -> 0 0 0$" "$work/rights" &&
        (($(grep -c ^surprise "$work/rights") == 1))
}

# find_hidden SOURCE: a module that took itself out of the list is still in sysfs, and so found. RAM as a file that begins at 0.
find_hidden() {
    local status=0
    qmp stop || return 1
    "${source_dir:?}/tests/live/hidden_module" --semgap "$semgap" --profile "$profile" --ram "$1" \
        "$build/examples/module_check" "$work/module_check.gap" || status=$?
    qmp cont || return 1
    return "$status"
}

look_at_monitors() { # NAME SOURCE
    if ! have_monitors; then
        skip "$1: monitors" "built without libclang"
        return
    fi
    check "$1: blobs of the monitors" make_blobs || return
    check "$1: monitors, paused, as the guest sees itself" look monitors "$work/paused-monitors" "$2" --paused
    check "$1: monitors, running, as the guest sees itself" look monitors "$work/running-monitors" "$2"
    if [[ ${arch:?} == amd64 && -f $2 && -s $work/paused-monitors/before/modules ]]; then
        check "$1: a module that hides is found" find_hidden "$2"
    else
        skip "$1: a module that hides" "no module, or RAM that is no file from 0 on"
    fi
    check "$1: blobs of other kernels are refused" foreign_blobs "$2"
    check "$1: a process that takes root's rights is a surprise" watch_rights "$2"
}
