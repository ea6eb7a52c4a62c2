# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The same random calls on a node and through the proxy of one that is like it (vmedia-conform --mirror), in the host that
# tests/proxy/run boots. Two nodes of vivid are alike if both of their devices have single planes (0 and 1) or several (2 and 3).
# Nodes that cases.sh has used may have kept a type of buffers, so those without planes are of 2 and 3.
# Of a codec both sides are one node, since each of its sessions has a state of its own.

# shellcheck source=tests/proxy/serve.sh
. "$HOST_TOP/tests/proxy/serve.sh"
conform=$HOST_BUILD/tools/conform/vmedia-conform

# A line each: a name, the node that is right, and the one behind the proxy.
mirror_nodes() {
	cat <<'NODES'
vid-cap vivid-000-vid-cap vivid-001-vid-cap
vid-cap-mp vivid-002-vid-cap vivid-003-vid-cap
vid-out vivid-000-vid-out vivid-001-vid-out
vid-out-mp vivid-002-vid-out vivid-003-vid-out
encoder stateful-encoder stateful-encoder
decoder stateful-decoder stateful-decoder
stateless stateless-decoder stateless-decoder
vim2m vim2m vim2m
vbi-cap vivid-002-vbi-cap vivid-003-vbi-cap
vbi-out vivid-002-vbi-out vivid-003-vbi-out
sdr-cap vivid-002-sdr-cap vivid-003-sdr-cap
rad-rx vivid-002-rad-rx vivid-003-rad-rx
rad-tx vivid-002-rad-tx vivid-003-rad-tx
meta-cap vivid-002-meta-cap vivid-003-meta-cap
meta-out vivid-002-meta-out vivid-003-meta-out
touch-cap vivid-002-touch-cap vivid-003-touch-cap
NODES
}

# mirror NAME NODE NODE CALLS SEED: its line. What was compared is in mirror-NAME-SEED.txt of the folder of tests/proxy/run.
mirror() {
	local table=/mnt/dir/mirror-$1-$5.txt begin=$SECONDS status=0 what verdict=passed
	if [ -z "$2" ] || [ -z "$3" ] || ! serve "$3" --log-level=warning; then
		printf 'failed  %-40s %s\n' "mirror: $1" "no such node, or the daemon does not start"
		return
	fi
	"$conform" --mirror="$2" --device="$socket" --calls="$4" --seed="$5" --verbose >"$table" 2>&1 || status=$?
	stop
	what=$(sed -n 's/^\([0-9]* calls; .*\)/\1/p' "$table")
	[ $status = 0 ] && [ "${what%% *}" = "$4" ] || verdict=failed
	printf '%s  %-40s seed %s, %s, %s s\n' "$verdict" "mirror: $1" "$5" "${what:-no end}" "$((SECONDS - begin))"
	[ $verdict = passed ] || sed -n '/^different /,$p; /^vmedia-conform/p' "$table" | sed 's/^/  /'
	# Of calls that are wrong the device warns.
	grep -a 'wrong answer\|is in error' "$log" | tail -5 | sed 's/^/  log: /'
}

# mirror_all CALLS: every node, or those of HOST_NODES, but those of HOST_OTHERS. Many calls are some walks, with a seed and a line
# each.
mirror_all() {
	local name first second left walk=50000 seed
	while read -r name first second; do
		[[ " ${HOST_NODES:-$name} " == *" $name "* && " ${HOST_OTHERS:-} " != *" $name "* ]] || continue
		seed=$HOST_SEED
		for ((left = $1; left > 0; left -= walk)); do
			mirror "$name" "$(node "$first")" "$(node "$second")" $((left < walk ? left : walk)) "$seed"
			seed=$((seed + 1))
		done
	done < <(mirror_nodes)
}
