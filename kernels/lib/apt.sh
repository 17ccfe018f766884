# shellcheck shell=bash
# Debian's package lists and files, through apt but beside the machine's own apt: each pair of suite and architecture has
# a private state folder in the cache. The mirrors are those that the machine is configured with; apt verifies the
# lists' signatures, and every downloaded file is held to the SHA-256 of its list.
# Sourced after common.sh. Status 4 from a function here means "the mirror does not have that file" (404).

apt_helper=/usr/lib/apt/apt-helper
readonly gone=4
readonly list_life_minutes=1440

# ---- mirrors ---------------------------------------------------------------------------------------------------------

# All "URI<tab>SUITE" of the machine whose Release file says that it is Debian's main.
mirrors_by_release() {
    # shellcheck disable=SC2016  # apt's own placeholders
    apt-get indextargets --format '$(REPO_URI)|$(RELEASE)|$(ORIGIN)|$(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
        awk -F'|' -v OFS='\t' '$3 == "Debian" && $4 == "main" { print $1, $2 }'
}

# The same read from the configuration itself, for a machine whose lists were thrown away (containers do that).
# Whether such a mirror is Debian's is proved later, by the signature of its lists.
mirrors_by_configuration() {
    local list='' parts=''
    eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
    mirrors_of_lists "$list" "$parts"/*.list
    mirrors_of_deb822 "$parts"/*.sources
}

# One-line style: deb [options] URI SUITE COMPONENT...
mirrors_of_lists() {
    local file
    for file in "$@"; do
        [[ -f $file ]] || continue
        sed -n 's/\[[^]]*\]//; s/^[[:space:]]*deb[[:space:]]\+//p' "$file" |
            awk -v OFS='\t' '{ for (i = 3; i <= NF; i++) if ($i == "main") print $1, $2 }'
    done
}

# deb822 style: stanzas of Types, URIs, Suites, Components; a line that starts with a space continues the one before.
mirrors_of_deb822() {
    local file
    for file in "$@"; do
        [[ -f $file ]] || continue
        sed '/^#/d; s/\r$//' "$file" | awk -v RS= -v FS='\n' -v OFS='\t' '
            {
                split("", field)
                for (i = 1; i <= NF; i++) {
                    if ($i !~ /^[ \t]/) { name = tolower($i); sub(/:.*/, "", name); sub(/^[^:]*:/, "", $i) }
                    field[name] = field[name] " " $i
                }
                if (field["enabled"] ~ /no/ || (" " field["types"] " ") !~ /[ \t]deb[ \t]/) next
                if ((" " field["components"] " ") !~ /[ \t]main[ \t]/) next
                uris = split(field["uris"], uri, " ")
                suites = split(field["suites"], suite, " ")
                for (u = 1; u <= uris; u++) for (s = 1; s <= suites; s++) print uri[u], suite[s]
            }'
    done
}

# mirror_for SUITE: the URI that serves it. Security suites live in an archive of their own, all others in the main one.
mirror_for() {
    local security=0 found
    [[ $1 == *-security ]] && security=1
    found=$({ mirrors_by_release; mirrors_by_configuration; } | awk -F'\t' -v want="$security" '
        { is = ($2 ~ /-security$|\/updates$/) }
        is == want && $2 ~ /^[a-z]+(-[a-z-]+)?(\/updates)?$/ && !uri { uri = $1 }
        END { if (uri) { sub(/\/*$/, "/", uri); print uri } }')
    [[ -n $found ]] && printf '%s\n' "$found"
}

# ---- keys ------------------------------------------------------------------------------------------------------------

# Debian's archive keys, of the machine and of a newer keyring package that keys_renew fetched.
keys_prepare() {
    local keys=$1 file
    mkdir -p "$keys"
    for file in /usr/share/keyrings/debian-archive-keyring.gpg /etc/apt/trusted.gpg.d/debian-archive-*.{gpg,asc}; do
        [[ -f $file ]] || continue
        cmp -s "$file" "$keys/${file##*/}" || install -m 644 "$file" "$keys/"
    done
}

# keys_renew SUITE: a keyring package newer than the machine's, out of a suite that the machine's keys do verify.
# `renewing` is seen by all that is called from here: a suite read for its keyring must not itself look for keys.
keys_renew() {
    # shellcheck disable=SC2034  # read by suite_refresh
    local renewing=1 suite keys folder file
    keys=$(cache_root)/apt/keys
    for suite in $(mirrors_by_release | cut -f 2 | sort -r); do
        [[ $suite != "$1" ]] || continue
        folder=$(package_folder "$suite" "$(dpkg --print-architecture)" debian-archive-keyring) || continue
        for file in "$folder"/usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
            [[ -f $file ]] || continue
            install -m 644 "$file" "$keys/newer-debian-archive-keyring.gpg"
            return 0
        done
    done
    return 1
}

# ---- lists -----------------------------------------------------------------------------------------------------------

apt_folder() { printf '%s/apt/%s-%s\n' "$(cache_root)" "$1" "$2"; } # SUITE ARCH

# apt_prepare SUITE ARCH: the private configuration. It is read after the machine's, whose proxies so stay in force.
apt_prepare() {
    local folder uri keys
    folder=$(apt_folder "$1" "$2")
    keys=$(cache_root)/apt/keys
    uri=$(mirror_for "$1") || return 1
    mkdir -p "$folder"/{lists,cache}/partial "$folder/cache/archives/partial" || die "cannot write to $folder"
    keys_prepare "$keys"
    printf 'deb [arch=%s] %s %s main\n' "$2" "$uri" "$1" >"$folder/sources.list"
    # Check-Valid-Until: the lists of suites that are no longer updated have run out, their files are still signed.
    cat >"$folder/apt.conf" <<CONF
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
#clear Dir::Etc::TrustedParts;
APT::Architecture "$2";
APT::Architectures { "$2"; };
APT::Update::Error-Mode "any";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::Retries "2";
Dir::State "$folder";
Dir::State::Lists "$folder/lists";
Dir::State::status "/dev/null";
Dir::Cache "$folder/cache";
Dir::Etc::sourcelist "$folder/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::Trusted "/dev/null";
Dir::Etc::TrustedParts "$keys/";
CONF
}

# suite_index SUITE ARCH: refreshes the lists at most once a day and prints the path of the suite's index, a TSV of
#   package version architecture size installed-KiB sha256 uri depends
# ("-" where empty). An empty index means that the mirror has no such suite. linux.tsv beside it holds kernels only.
suite_index() {
    with_lock "suite-$1-$2" suite_refresh "$1" "$2" || return
    printf '%s/index.tsv\n' "$(apt_folder "$1" "$2")"
}

suite_refresh() {
    local folder log status=0
    folder=$(apt_folder "$1" "$2")
    if younger_than "$folder/index.tsv" "$list_life_minutes"; then
        # --refresh asks once per run, not once per question.
        [[ -n ${refresh_after:-} && $folder/index.tsv -ot $refresh_after ]] || return 0
    fi
    apt_prepare "$1" "$2" || { suite_unserved "$1" "$folder"; return; }
    say "reading the package lists of $1 ($2)"
    log=$(LC_ALL=C apt-get -q -c "$folder/apt.conf" update 2>&1 </dev/null) || status=$?
    if ((status != 0)) && [[ -z ${renewing:-} ]] && grep -qE 'NO_PUBKEY|EXPKEYSIG|REVKEYSIG|is not signed' <<<"$log"; then
        say "the machine's keyring does not verify $1, trying a newer one"
        if keys_renew "$1"; then
            status=0
            log=$(LC_ALL=C apt-get -q -c "$folder/apt.conf" update 2>&1 </dev/null) || status=$?
        fi
    fi
    ((status == 0)) || { suite_failed "$1" "$folder" "$log"; return; }
    index_write "$1" "$folder"
}

# No mirror of the machine serves this kind of suite at all.
suite_unserved() {
    [[ ! -s $2/index.tsv ]] || { say "no mirror for $1 is configured now, using the lists of the cache"; return 0; }
    say "no mirror for $1 in this machine's apt configuration"
    mkdir -p "$2" && : >"$2/index.tsv"
}

# Says why the lists could not be had, and whether one can go on without.
suite_failed() {
    local name=$1 folder=$2 log=$3
    if grep -qE '404 +Not Found' <<<"$log" && grep -q 'does not have a Release file' <<<"$log"; then
        : >"$folder/index.tsv"
        return 0
    fi
    if grep -qE 'NO_PUBKEY|EXPKEYSIG|REVKEYSIG|is not signed|BADSIG' <<<"$log"; then
        say "the signature of $name cannot be verified:"
        grep -E '^[EW]:' <<<"$log" >&2
        return 2
    fi
    if [[ -e $folder/index.tsv ]]; then
        say "cannot refresh the lists of $name, using those of $(date -r "$folder/index.tsv" +%F)"
        return 0
    fi
    say "cannot read the lists of $name; apt says:"
    grep -E '^[EW]:' <<<"$log" >&2 || printf '%s\n' "$log" >&2
    return 2
}

index_write() {
    local folder=$2 base packages
    base=$(cut -d ' ' -f 3 "$folder/sources.list")
    # shellcheck disable=SC2016
    packages=$(apt-get -c "$folder/apt.conf" indextargets --format '$(FILENAME)' 'Created-By: Packages' | head -n 1)
    if [[ -z $packages ]]; then
        say "$1 lists nothing for this architecture"
        : >"$folder/index.tsv"
        return 0
    fi
    "$apt_helper" -c "$folder/apt.conf" cat-file "$packages" | awk -v RS= -v FS='\n' -v OFS='\t' -v base="$base" '
        function get(name) { return name in field ? field[name] : "-" }
        {
            split("", field)
            for (i = 1; i <= NF; i++)
                if ((colon = index($i, ": ")) && $i ~ /^[A-Za-z]/) field[substr($i, 1, colon - 1)] = substr($i, colon + 2)
            print get("Package"), get("Version"), get("Architecture"), get("Size"), get("Installed-Size"),
                  get("SHA256"), base get("Filename"), get("Depends")
        }' >"$folder/index.new" || return 2
    grep '^linux-' "$folder/index.new" >"$folder/linux.tsv" || true # the kernels alone: a hundredth, asked often
    mv "$folder/index.new" "$folder/index.tsv"
}

# index_row NAME VERSION INDEX...: the row of the newest (VERSION empty) or of that very version.
index_row() {
    local name=$1 version=$2
    shift 2
    awk -F'\t' -v n="$name" -v v="$version" '$1 == n && (v == "" || $2 == v)' "$@" |
        sort -t $'\t' -k 2,2V | tail -n 1 | grep .
}

# ---- files -----------------------------------------------------------------------------------------------------------

# deb_path SUITE ARCH ROW: downloads the package of an index row unless it is in the cache, and prints its path.
deb_path() {
    local package version architecture size installed sha256 uri depends deb
    # shellcheck disable=SC2034
    IFS=$'\t' read -r package version architecture size installed sha256 uri depends <<<"$3"
    deb=$(cache_root)/debs/${uri##*/}
    [[ -f $deb ]] || with_lock "deb-${uri##*/}" deb_download "$1" "$2" "$uri" "$sha256" "$size" "$deb" || return
    printf '%s\n' "$deb"
}

deb_download() {
    local suite=$1 arch=$2 uri=$3 sha256=$4 size=$5 deb=$6 log status=0
    [[ ! -f $deb ]] || return 0
    mkdir -p "${deb%/*}"
    need_space "${deb%/*}" "$size" "${deb##*/}"
    say "downloading ${deb##*/} ($(in_mb "$size"))"
    log=$(LC_ALL=C "$apt_helper" -qq -c "$(apt_folder "$suite" "$arch")/apt.conf" download-file \
        "$uri" "$deb.part" "SHA256:$sha256" 2>&1 </dev/null) || status=$?
    if ((status == 0)); then
        mv "$deb.part" "$deb"
        return
    fi
    rm -f "$deb.part"
    ! grep -qE '404 +Not Found|410 +Gone|File not found' <<<"$log" || return "$gone"
    say "cannot download ${deb##*/}; apt says:"
    printf '%s\n' "$log" >&2
    return 2
}

# deb_tar DEB: the files of a package as a tar stream. xz decodes the blocks of large packages on all cores.
deb_tar() {
    if [[ $(ar t "$1" 2>/dev/null | tail -n 1) == data.tar.xz ]]; then
        ar p "$1" data.tar.xz | xz -dc -T0
    else
        dpkg-deb --fsys-tarfile "$1"
    fi
}

# unpack DEB TARGET [PATTERN...]: the members that match (default: all) become the folder TARGET, whole or not at all.
# A leading "-1" stops reading at the first match of each pattern. No match at all is status 1.
unpack() { # [-1] DEB TARGET [PATTERN...]
    local once=()
    [[ $1 != -1 ]] || { once=(--occurrence=1); shift; }
    local deb=$1 target=$2
    shift 2
    [[ -d $target ]] || with_lock "unpack-$(printf '%s' "$target" | tr / _)" unpack_locked "$deb" "$target" \
        "${once[@]}" --wildcards --no-wildcards-match-slash "$@"
}

unpack_locked() {
    local deb=$1 target=$2 part=$2.part errors
    shift 2
    [[ ! -d $target ]] || return 0
    rm -rf "$part"
    mkdir -p "$part"
    # tar leaves early with -1: a broken pipe upstream is then no failure. What tar could not find is judged by the caller.
    errors=$(set +o pipefail
        deb_tar "$deb" 2>/dev/null | LC_ALL=C tar -x --no-same-owner -C "$part" -f - "$@" 2>&1) || true
    errors=$(grep -vE 'Not found in archive|Exiting with failure status|^$' <<<"$errors" || true)
    if [[ -n $errors ]]; then
        rm -rf "$part"
        die "cannot unpack ${deb##*/}: $errors"
    fi
    [[ -n $(find "$part" -mindepth 1 -print -quit) ]] || { rm -rf "$part"; return 1; }
    mv "$part" "$target"
}

# package_folder SUITE ARCH NAME: an arbitrary package of one suite, newest version, unpacked; prints the folder.
package_folder() {
    local index
    index=$(suite_index "$1" "$2") || return
    package_unpacked "$1" "$2" "$3" "$index"
}

# package_unpacked SUITE ARCH NAME INDEX...
package_unpacked() {
    local suite=$1 arch=$2 name=$3 row deb folder
    shift 3
    row=$(index_row "$name" '' "$@") || { say "no package $name in $suite ($arch)"; return 2; }
    deb=$(deb_path "$suite" "$arch" "$row") || return
    folder=$(cache_root)/packages/$(basename "$deb" .deb)
    unpack "$deb" "$folder" || return
    printf '%s\n' "$folder"
}
