#!/bin/bash
# Makes the homes of this folder anew: make.sh PROGRAM, which is causerie-node of the version that is to be older.
set -euo pipefail
program=$1
target=$(mktemp -d)
declare -A nodes

on() { local who=$1; shift; "$program" --home "$target/$who" --json "$@"; }
link() { on "$@" | python3 -c 'import json, sys; print(json.load(sys.stdin)["invite"])'; }
# Neither end of the pipe says anything: a pause.
pause() { read -rt 0.2 <> <(:) || :; }
up() {
    "$program" --home "$target/$1" --json run --loopback > "$target/$1.out" 2>&1 &
    nodes[$1]=$!
    until [ -S "$target/$1/node.sock" ]; do pause; done
}
down() { kill -TERM "${nodes[$1]}"; wait "${nodes[$1]}" || :; }
said() { on "$1" send "$2" - --wait delivered --timeout 30s > /dev/null; }

for who in alice bob carol dave erin; do on $who init --name $who > /dev/null; done
for who in alice bob carol dave; do up $who; done
on bob accept "$(link alice invite)" > /dev/null
on carol accept "$(link alice invite)" > /dev/null
on dave accept "$(link alice invite --ask)" > /dev/null
on alice accept "$(link erin invite)" > /dev/null
until on alice contacts | grep -q '"request"' && [ "$(on alice contacts | grep -c '"online":true')" = 2 ]; do pause; done
echo -n "Hello, Bob." | said alice bob
echo -n "Hello, Alice." | said bob alice
on bob read alice > /dev/null
head -c 6000 /dev/zero | tr '\0' 'x' | said alice bob
echo -n "Hello from Carol." | said carol alice
on alice contacts block carol > /dev/null
on alice contacts verify bob > /dev/null
down bob
down dave
echo -n "Alice wrote this while Bob was away." | on alice send bob - > /dev/null
echo -n "And this." | on alice send bob - > /dev/null
on alice invite --reusable > /dev/null
down alice
down carol
echo -n "Bob wrote this while Alice was away." | on bob send alice - > /dev/null

for who in alice bob dave; do
    rm -rf "$(dirname "$0")/$who" "$target/$who"/{log,lock,node.sock}
    cp -r "$target/$who" "$(dirname "$0")/$who"
    # A store extends its file with zeros.
    python3 - "$(dirname "$0")/$who/store/db" <<'PYTHON'
import sys
bytes = open(sys.argv[1], "rb").read()
open(sys.argv[1], "wb").write(bytes.rstrip(b"\0"))
PYTHON
done
rm -rf "$target"
