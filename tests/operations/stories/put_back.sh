# The logs of two nodes of three are damaged at once, so none leads; one of them is put back with a whole file.

three_hosts
eventually 30 cluster_is 1,2,3
says 'before the damage'
for id in 1 2 3; do ssh "host-$id" systemctl stop "parley@$id"; done
cp "$HOST_FOLDER/var/lib/parley/node-1/log/0000000001.wal" "$HOST_FOLDER/mirror/"
for id in 1 2; do
  printf '\1\2\3\4' |
    dd of="$(folder_of "$id")/var/lib/parley/node-$id/log/0000000001.wal" bs=1 seek=700 conv=notrunc status=none
done
for id in 1 2 3; do ssh "host-$id" systemctl start --no-block "parley@$id"; done
for id in 1 2; do
  eventually 30 grep -q 'The data is set aside (\*.aside)' "$ROOT/host-$id.log"
  eventually 30 grep -q 'waiting for a leader that fills it' "$ROOT/host-$id.log"
done
status_is '.leader == null' >"$ROOT/looked" || fail "somebody leads: $(<"$ROOT/looked")"
identity=$(sha256sum <"$HOST_FOLDER/var/lib/parley/node-1/identity.aside")

section 'Damaged on too many nodes'
play_script put-back
on_host 1
[ "$(sha256sum <"$HOST_FOLDER/var/lib/parley/node-1/identity")" = "$identity" ] || fail 'it is another one now'
lacks "$(find "$HOST_FOLDER/var/lib/parley/node-1" -name '*.aside')" aside
eventually 90 cluster_is 1,2,3
room_has hello 'before the damage'
says 'after the damage'
