#!/usr/bin/env bash
# Counts the instructions of two fixed nights and appends them to docs/instructions.tsv: a figure that a busy machine does not change.
#
#     benches/instructions.sh          counts, prints how much more or less than the last time, and appends
#     benches/instructions.sh --show   counts and prints only
#
# The nights are those of data/demo on one thread: the first, which learns its model, and the one after it. Lines can be compared where
# `input` is the same: it is a hash of the extracts and the job file. A few minutes; counts repeat to about one in ten thousand.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind > /dev/null; then
    echo "valgrind is missing: apt-get install --no-install-recommends valgrind libc6-dbg" >&2
    exit 1
fi
case "${1-}" in
    "" | --show) ;;
    *)
        sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac

table=docs/instructions.tsv
cargo build --release --quiet
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cp -r data/demo "$work/demo"
rm -rf "$work/demo/out"
input="$(cd "$work/demo" && find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c 1-12)"
commit="$(git describe --always --dirty)"
compiler="$(rustc --version | cut -d ' ' -f 2)"

# Cache and branch simulation stay off: they are slow, and those of another machine.
count() {
    valgrind --tool=callgrind --callgrind-out-file="$work/callgrind" --quiet \
        target/release/onefolk run "$work/demo/job.toml" --threads 1 --quiet > "$work/log" 2>&1 \
        || { cat "$work/log" >&2; exit 1; }
    awk '/^(summary|totals):/ { count = $2 } END { print count }' "$work/callgrind"
}

[ -e "$table" ] || [ -n "${1-}" ] || printf 'date\tcommit\tcompiler\tinput\tnight\tinstructions\n' > "$table"
for night in first next; do
    counted="$(count)"
    before=""
    [ ! -e "$table" ] || before="$(awk -F '\t' -v i="$input" -v n="$night" '$4 == i && $5 == n { last = $6 } END { print last }' "$table")"
    awk -v night="$night" -v now="$counted" -v before="$before" 'BEGIN {
        printf "%s night: %.3f thousand million instructions", night, now / 1e9
        if (before) printf ", %+.2f %% against the last line", (now / before - 1) * 100
        print ""
    }'
    [ -n "${1-}" ] || printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$(date -u +%F)" "$commit" "$compiler" "$input" "$night" "$counted" >> "$table"
done
