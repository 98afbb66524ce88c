# A backup of a cluster that runs, the drill with it, and a new cluster from it when everything is lost.

three_hosts
eventually 30 cluster_is 1,2,3
says 'before the backup'

section 'Backup, restore, recover'
hear 'parley backup /backup/chat-$(date +%F)'
index=$(grep -o 'all up to index [0-9]*' <<<"$SAID" | tr -dc 0-9)
lacks "$SAID" 'No leader could be reached'
[ "$(stat -c %a "$HOST_FOLDER/backup/chat-2026-11-01")" = 600 ] || fail 'others may read the backup'
refused 2 'exists already' 'parley backup /backup/chat-$(date +%F)'
play 'scp -p host-2:/var/lib/parley/node-2/operator.token operator.token'
hear 'parley backup /backup/from-2 --server 10.0.0.2:7201 --token-file operator.token'
has "$SAID" 'from node 2'
[ ! -e "$HOST_FOLDER/backup/from-2.part" ] || fail 'a part of the backup is left'
says 'after the backup'

# The drill, on the reader's machine, while the cluster runs.
on_host 0
section 'The drill'
write_file drill.json drill.json
play 'scp -p host-1:/backup/chat-2026-11-01 chat-2026-11-01'
hear 'parley restore chat-2026-11-01 --config drill.json --id 1'
has "$SAID" "with all up to index $index"
play 'parley node --config drill.json --id 1 &' 2>"$ROOT/drill.log"
drill=$!
PARLEY_CONFIG=   # the drill's is named in each command
leads() { hear 'parley status --config drill.json' && [[ $SAID = *'leader node 1'* ]]; }
eventually 30 leads
applied=$(parley status --config drill.json --json | jq '.nodes[0].status.applied')
[ "$applied" -ge "$index" ] || fail "applied $applied, of a backup up to $index"
play 'parley chat --config drill.json' >"$ROOT/said" <<'END'
/login anna a-long-enough-password
/open #ops
/history
/quit
END
SAID=$(<"$ROOT/said")
has "$SAID" 'anna: before the backup'
lacks "$SAID" 'after the backup'
play 'kill $!'
wait "$drill" || fail "the drill's node ended with $?"
play 'rm -r drill chat-2026-11-01'

# Everything is lost: two hosts begin anew, the third finds its old directory and moves it aside.
for id in 1 2 3; do lose_power "$id"; done
rm -r "$(folder_of 1)/var/lib/parley/node-1" "$(folder_of 2)/var/lib/parley/node-2"
mv "$(folder_of 3)/var/lib/parley/node-3" "$(folder_of 3)/var/lib/parley/node-3.old"
on_host 1
export PARLEY_CONFIG=$HOST_FOLDER/etc/parley/cluster_config.json
section 'Everything is lost'
hear 'parley restore /backup/chat-2026-11-01 --id 1'
has "$SAID" "with all up to index $index"
play 'chown -R parley: /var/lib/parley/node-1'
play 'systemctl start parley@1'
play 'ssh host-2 systemctl start parley@2'
play 'ssh host-3 systemctl start parley@3'
eventually 30 cluster_is 1,2,3
says 'after the restore'
room_has hello 'before the backup' 'after the restore'
lacks "$SAID" 'after the backup'
