# A rolling restart and a rolling upgrade, somebody writing all the while: every message is acknowledged and there once.

three_hosts

# A writer, a line fifty times a second, until it is told to end.
write_lines() {
  local i
  printf '%s\n' '/login anna a-long-enough-password' '/open #ops'
  for ((i = 1; ; ++i)); do
    if [ -e "$ROOT/enough" ]; then break; fi
    printf 'line %s.\n' "$i"
    command sleep 0.02
  done
  printf '/quit\n'
}
write_lines | parley chat --no-store --no-resume --drain-timeout 30000 >"$ROOT/writer.log" 2>&1 &
writer=$!
acknowledged() { grep -c '^sent to #ops as ' "$ROOT/writer.log"; }
more_than() { [ "$(acknowledged)" -gt "$1" ]; }
eventually 30 more_than 5

pids() { printf '%s\n' "${UNIT_PID[@]}" | sort; }
before=$(pids)
section 'Stopping, starting'
play_script rolling-restart >"$ROOT/loop"
voters_are 1,2,3 >"$ROOT/looked" || fail "not all are voters at the end of the loop: $(<"$ROOT/looked")"
[ "$(grep -c true "$ROOT/loop")" = 3 ] || fail "the loop did not wait for each node: $(<"$ROOT/loop")"
[ -z "$(comm -12 <(echo "$before") <(pids))" ] || fail 'a node was not restarted'

section 'Rolling upgrade'
rm build/release/parley   # a program of its own that does the same: none was released that could be the older one
cp "$PARLEY_PROGRAM" build/release/parley
printf 'newer' >>build/release/parley
play_script rolling-upgrade >"$ROOT/loop"
voters_are 1,2,3 >"$ROOT/looked" || fail "not all are voters at the end of the loop: $(<"$ROOT/looked")"
[ -s "$HOST_FOLDER/backup/before-the-upgrade" ] || fail 'no backup was taken'
for id in 1 2 3; do
  cmp "/proc/${UNIT_PID[$id/$id]}/exe" build/release/parley || fail "node $id runs another program than the new one"
done
hear 'parley --version'
has "$SAID" "parley $(sed -n 's/^project(parley VERSION \([0-9.]*\).*/\1/p' "$PROJECT/CMakeLists.txt")"
for id in 1 2 3; do
  play "parley member transfer $id"
  eventually 30 status_is ".leader == $id"
done

eventually 30 more_than $(($(acknowledged) + 5))
: >"$ROOT/enough"
wait "$writer" || fail "the writer ended with $?: $(tail -n 5 "$ROOT/writer.log")"
others=$(grep -v '^sent to #ops\|anna: line\|^\* \|^logged in\|^talking in' "$ROOT/writer.log" || true)
[ -z "$others" ] || fail "some lines were not acknowledged: $others"
written=$(acknowledged)
chats '/history 1000'
lines=$(grep -o ' anna: line .*' <<<"$SAID" || true)
expected=$(for ((i = 1; i <= written; ++i)); do echo " anna: line $i."; done)
[ "$lines" = "$expected" ] || fail "not each line once, in order: $(diff <(echo "$lines") <(echo "$expected"))"
