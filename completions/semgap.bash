# shellcheck shell=bash
# Completion of semgap for bash.

_semgap() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]:-} words=''
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "extract infer score info show find emit scan check-header verify guest --help --version" -- "$current")
        return
    fi
    case $command:$previous in
        emit:--format)
            mapfile -t COMPREPLY < <(compgen -W "gap header isf vmlinux-h btf rust python libvmi-conf json" -- "$current")
            return
            ;;
        emit:--bind)
            mapfile -t COMPREPLY < <(compgen -W "constants table" -- "$current")
            return
            ;;
        guest:guest)
            mapfile -t COMPREPLY < <(compgen -W "info ps threads modules sockets maps files mounts current dmesg read print translate whereis dump-process" -- "$current")
            return
            ;;
        emit:--abi)
            mapfile -t COMPREPLY < <(compgen -W "guest native" -- "$current")
            return
            ;;
        emit:--prefix | extract:--field | emit:--field | emit:--symbol | guest:--root | guest:--slide | guest:--phys-base | guest:--pid | guest:--cpu) return ;;
    esac
    if [[ $current == -* ]]; then
        case $command in
            extract) words="--headers --config --field --fields --dwarf --btf --system-map --kallsyms --module --modules --symbols-only --with-rust --digest --cross-check --json --output --help" ;;
            infer)
                words="--no-btf --no-vmcoreinfo --no-kallsyms --no-ksymtab --prior --fields --require --min-confidence --explain --output --help"
                ;;
            score) words="--truth --fields --json --help" ;;
            info | show) words="--json --help" ;;
            find) words="--json --types --members --enumerators --symbols --help" ;;
            emit) words="--abi --prefix --format --field --symbol --fields --select --bind --sign --output --help" ;;
            scan) words="--output --database --help" ;;
            check-header) words="--json --help" ;;
            verify) words="--key --help" ;;
            guest) words="--memory --profile --root --slide --phys-base --pause --json --help" ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
        return
    fi
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
}

complete -F _semgap semgap
