#!/usr/bin/env bash
# Takes pictures of the real bookview on a real terminal (tmux), as text, into
# testdata/captures: cmd/bookview/testdata/capture.sh. They are of a simulated exchange,
# but for replay-real.txt, which is of a recording in the folder TRUEBOOK_CAPTURES, if set.
set -euo pipefail
cd "$(dirname "$0")/../../.."
out=$PWD/cmd/bookview/testdata/captures
tmp=$(mktemp -d)
trap 'tmux -L capture kill-server 2>/dev/null || true; kill $(jobs -p) 2>/dev/null || true; rm -rf "$tmp"' EXIT
go build -o "$tmp" ./cmd/bookview ./cmd/booksim
export LC_ALL=C.UTF-8

# exchange FLAGS...: begins one, and sets flags that lead to it, and its markets.
exchange() {
	"$tmp/booksim" --listen 127.0.0.1:0 "$@" >"$tmp/urls" 2>/dev/null &
	until [ -s "$tmp/urls" ]; do sleep 0.1; done
	at="$(sed -E 's/.*"ws_url":"([^"]*)","rest_url":"([^"]*)","gamma_url":"([^"]*)".*/--ws-url \1 --rest-url \2 --gamma-url \3/' "$tmp/urls")"
	slugs=$(grep -o '"slug":"[^"]*"' "$tmp/urls" | cut -d'"' -f4)
	rm "$tmp/urls"
}

# take NAME WIDTHxHEIGHT PATTERN KEYS FLAGS...: shows it, presses keys, waits until the
# pattern is on the screen, and takes it.
take() {
	local name=$1 size=$2 pattern=$3 keys=$4 shown=
	shift 4
	tmux -L capture -f /dev/null new-session -d -x "${size%x*}" -y "${size#*x}" "${before:-} exec $tmp/bookview $*"
	[ -z "$keys" ] || { sleep 2; for key in $keys; do tmux -L capture send-keys "$key"; done; }
	for _ in $(seq 600); do
		shown=$(tmux -L capture capture-pane -p ${escapes:-})
		grep -qE "$pattern" <<<"$shown" && break
		sleep 0.1
	done
	grep -qE "$pattern" <<<"$shown" || { echo "$name: $pattern is not shown:" >&2; echo "$shown" >&2; exit 1; }
	printf '%s\n' "$shown" >"$out/$name.txt"
	tmux -L capture send-keys q
	while tmux -L capture has-session 2>/dev/null; do sleep 0.1; done
	echo "$name"
}

take demo 100x40 'LIVE for 5s' ''
take demo-stale 100x40 'STALE.*disconnected' ''
take demo-recovered 100x40 'LIVE for 3s.*epoch 2' ''
take demo-80x24 80x24 'LIVE for 5s' ''
take demo-40x10 40x10 'LIVE for 5s' ''
take demo-both 100x34 'No  . LIVE' 't t'
escapes=-e before='NO_COLOR=1' take demo-no-color 80x24 'LIVE for 5s' ''
take demo-ascii 80x24 'LIVE for 5s' '' --ascii

exchange --seed 3 --rate 100 --markets 12
take markets 120x20 'all books live' '' "$at" $(head -9 <<<"$slugs")
exchange --seed 3 --rate 30 --fault tick_size@4s
take tick-change 100x30 'tick 0.01' '' "$at" "$slugs"
exchange --seed 3 --rate 30 --fault settle@4s
take settlement 100x30 'CLOSED' '' "$at" "$slugs"
exchange --seed 3 --rate 30 --fault freeze_token@4s+30s
take stale 100x30 'STALE.*unmirrored' '' "$at" "$slugs"
exchange --seed 3 --rate 30 --fault reset@4s --fault dial_refused@4s+3s
take reconnect 100x30 'ws 0/1.*resyncs [1-9]' '' "$at" "$slugs"
cat >"$tmp/bids.ndjson" <<'END'
{"event_type":"book","asset_id":"71321045679252212594626385532706912750332728571942532289631379312455583992563","market":"0xbacdf04bf7f22a670dc4fb408878ec56b76f9934599829455b9371693ba84b8b","bids":[{"price":"0.97","size":"5000"},{"price":"0.98","size":"216.216215"},{"price":"0.99","size":"0.5"}],"asks":[],"timestamp":"1784578736738","tick_size":"0.01","hash":""}
END
take one-side 80x24 'no asks' '' --replay "$tmp/bids.ndjson"
take replay 100x30 'at its end' '' --replay testdata/simulated.ndjson --speed max
for recording in "${TRUEBOOK_CAPTURES:-/nowhere}"/sports_*; do
	[ -e "$recording" ] || continue
	take replay-real 110x34 '(3[0-9]|4[0-9])%' 'Enter' --replay "$recording" --speed 10x
done
