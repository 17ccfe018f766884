# shellcheck shell=bash
# The initramfs of test guests: guest/init.c, guest/workload.c, busybox and, if asked for, kernel modules. Built once for
# each content and kept in the cache; the same sources and compiler give the same bytes.
# Sourced after common.sh; $here is the folder of the scripts.

# compilers ARCH: what may compile a static program for it, in order of preference. The unversioned cross gcc and
# gcc-multilib exclude each other on Debian; clang with the cross libc serves beside either.
compilers() {
    case $1 in
        amd64) printf '%s\n' 'x86_64-linux-gnu-gcc' 'gcc -m64' 'clang --target=x86_64-linux-gnu' ;;
        i386) printf '%s\n' 'i686-linux-gnu-gcc' 'gcc -m32' 'clang --target=i686-linux-gnu' ;;
        arm64) printf '%s\n' 'aarch64-linux-gnu-gcc' 'clang --target=aarch64-linux-gnu' ;;
        *) die "no guests of architecture $1" ;;
    esac
}

compiler_packages() {
    case $1 in
        amd64) echo 'gcc libc6-dev' ;;
        i386) echo 'gcc-multilib (or gcc-i686-linux-gnu)' ;;
        arm64) echo 'gcc-aarch64-linux-gnu (or, beside gcc-multilib: clang libc6-dev-arm64-cross libgcc-12-dev-arm64-cross)' ;;
    esac
}

# compiler_for ARCH: the first that links a static program with threads.
compiler_for() {
    local command words folder
    folder=$(mktemp -d)
    printf '#include <pthread.h>\n#include <errno.h>\nint main(void) { return errno; }\n' >"$folder/try.c"
    while IFS= read -r command; do
        read -ra words <<<"$command"
        if "${words[@]}" -static -pthread -o "$folder/try" "$folder/try.c" 2>/dev/null; then
            rm -rf "$folder"
            printf '%s\n' "$command"
            return 0
        fi
    done < <(compilers "$1")
    rm -rf "$folder"
    die "no compiler here makes static programs for $1; Debian packages: $(compiler_packages "$1")"
}

compile() { # COMPILER SOURCE OUTPUT
    local words
    read -ra words <<<"$1"
    "${words[@]}" -std=gnu11 -O1 -Wall -Wextra -static -pthread -o "$3" "$2" || die "cannot compile ${2##*/} with $1"
}

# busybox_for ARCH: of the guest's architecture, whatever the host is. One that is in the cache is good enough, and needs
# neither lists nor network.
busybox_for() {
    local folder
    ! found_busybox "$(cache_root)"/packages/busybox-static_*_"$1"/{usr/,}bin/busybox || return 0
    folder=$("${here:?}/fetch" --package busybox-static --arch "$1") || die "no busybox-static for $1"
    found_busybox "$folder"/bin/busybox "$folder"/usr/bin/busybox || die "no busybox in $folder"
}

found_busybox() {
    local file
    for file in "$@"; do
        [[ ! -f $file ]] || { printf '%s\n' "$file"; return 0; }
    done
    return 1
}

# content_key ARCH BUSYBOX MODULES: changes whenever the archive would.
content_key() {
    {
        printf '%s\n' "$1"
        cat "$here/guest/init.c" "$here/guest/workload.c" "$here/lib/initramfs.sh" "$2"
        [[ -z $3 ]] || find "$3" -type f -printf '%p %s %T@\n' | LC_ALL=C sort
    } | sha256sum | cut -c 1-16
}

# initramfs_path ARCH MODULES: builds it unless it is there, prints its path. MODULES: a lib/modules/RELEASE folder or ''.
initramfs_path() {
    local busybox archive
    busybox=$(busybox_for "$1") || exit 2
    archive=$(cache_root)/initramfs/$1-$(content_key "$1" "$busybox" "$2").cpio.gz
    [[ -f $archive ]] || with_lock "${archive##*/}" initramfs_build "$1" "$busybox" "$2" "$archive" || exit 2
    printf '%s\n' "$archive"
}

initramfs_build() {
    local arch=$1 busybox=$2 modules=$3 archive=$4 root compiler
    [[ ! -f $archive ]] || return 0
    compiler=$(compiler_for "$arch") || exit 2
    say "building the initramfs for $arch with $compiler"
    mkdir -p "${archive%/*}"
    root=$(mktemp -d)
    mkdir -p "$root"/{bin,dev,proc,sys,tmp,mnt,lib}
    install -m 755 "$busybox" "$root/bin/busybox"
    ln -s busybox "$root/bin/sh"
    compile "$compiler" "$here/guest/init.c" "$root/init"
    compile "$compiler" "$here/guest/workload.c" "$root/workload"
    [[ -z $modules ]] || add_modules "$modules" "$root/lib/modules"
    # Owners, times, device and inode numbers would differ from build to build.
    find "$root" -exec touch -h -d @0 {} +
    (cd "$root" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc --reproducible -R 0:0 | gzip -n -1) \
        >"$archive.part"
    mv "$archive.part" "$archive"
    rm -rf "$root"
}

# Modules go in plain: not every kernel can decompress them.
add_modules() { # MODULES TARGET
    [[ -d $1 ]] || die "no folder of modules: $1"
    mkdir -p "$2"
    cp -r "$1" "$2/"
    find "$2" -name '*.ko.xz' -exec xz -d {} +
    find "$2" -name '*.ko.zst' -exec zstd -q -d --rm {} +
}
