# Three terminals and a fourth, from the page's file; and the console of a local cluster.

section 'Three terminals'
write_file three-terminals cluster_config.json
play_in_terminal node-1 'parley node --config cluster_config.json --id 1'
play_in_terminal node-2 'parley node --config cluster_config.json --id 2'
play_in_terminal node-3 'parley node --config cluster_config.json --id 3'
eventually 30 cluster_is 1,2,3
play 'parley chat --config cluster_config.json' >"$ROOT/said" <<'END'
/register anna a-long-enough-password
/create #ops
hello
/history
/quit
END
has "$(<"$ROOT/said")" '#ops'
room_has hello
for id in 1 2 3; do [ -f "node-$id/identity" ] || fail "node $id's data is not beside the file"; done

# The table of keys: all that the program knows, and no other. It lists them when it meets one that it does not know.
printf '{ "nodes": [], "no_such_key": 1 }' >wrong.json
known=$(parley node --config wrong.json --id 1 2>&1 || true)
known=$(sed 's/.*known are: //; s/, /\n/g' <<<"$known" | grep -v '^nodes$' | sort)
listed=$(sed -n '/^| key | meaning/,/^$/p' "$DOCUMENT" | sed -n 's/^| `\([a-z_]*\)` .*/\1/p' | sort)
[ "$known" = "$listed" ] || fail "the table of keys and the program differ: $(differences "$listed" "$known")"

# Watching it.
page_is 200 "$NETWORK.100:7201" /healthz
page_is 200 "$NETWORK.100:7201" /readyz
has "$(page "$NETWORK.100:7202" /metrics)" 'parley_voters 3'

# The table of metrics: all that a leader tells, each of its type, and no other; but these it tells only in their time.
seldom='parley_certificate_expires_seconds gauge
parley_failure_bearable_in_ms gauge'
told=$(page "$NETWORK.100:720$(parley status --json | jq .leader)" /metrics | sed -n 's/^# TYPE //p' | tr -d '\r')
has "$told" 'parley_clock_median gauge'
told=$(sort -u <<<"$told"$'\n'"$seldom")
listed=$(awk -F '|' '/^\| `parley_/ { gsub(/[{][^}]*[}]|[` ]/, "", $2); gsub(/ /, "", $3); split($2, names, ",")
                       for (i in names) print names[i], $3 }' "$PROJECT/docs/METRICS.md" | sort)
[ "$told" = "$listed" ] || fail "the table of metrics and the program differ: $(differences "$listed" "$told")"

{ kill -KILL "${TERMINAL[node-2]}" "${TERMINAL[node-3]}"; } 2>/dev/null
wait "${TERMINAL[node-2]}" "${TERMINAL[node-3]}" 2>/dev/null || true
eventually 30 not page_is 200 "$NETWORK.100:7202" /healthz

# The console of a local cluster knows the words that the page has for it.
words=$(sed -n '/^`parley demo`/,/^$/p' "$DOCUMENT" | tr '\n' ' ' | grep -o '`[a-z]* *[a-z0-9]*`' | tr -d '`' | grep -v '^parley')
[ "$(wc -l <<<"$words")" = 5 ] || fail "the page has other words than these: $words"
parley up --temporary >"$ROOT/said" 2>&1 <<<"$words
status
quit"
SAID=$(<"$ROOT/said")
lacks "$SAID" 'there is no command'
has "$SAID" 'is down'
has "$SAID" 'all cables are in place'
