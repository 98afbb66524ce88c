# What min_voters forbids, and a lost disk that needs an operator then.

three_hosts
eventually 30 cluster_is 1,2,3
parley member transfer 1

section 'When nodes fail for longer: the voting set'
play_request 'admin.set {"name": "min_voters", "value": "2"}'
[ "$(parley member list --json | jq .min_voters)" = 2 ] || fail 'min_voters is not 2'
lose_power 3
eventually 30 cluster_is 1,2
says 'on two disks'
lose_power 2
eventually 30 status_is '[.voters[] | select(.connected) | .node] == [1] and .bearable == "no"'
printf '%s\n' '/login anna a-long-enough-password' '/open #ops' 'on one disk alone' '/quit' |
  parley chat --no-store --no-resume --drain-timeout 1000 >"$ROOT/said" 2>&1 || true
lacks "$(<"$ROOT/said")" 'sent to #ops as '
status_is '.voters | length >= 2' >"$ROOT/looked" || fail "the set was made smaller: $(<"$ROOT/looked")"
ssh host-2 systemctl start parley@2
ssh host-3 systemctl start parley@3
eventually 90 cluster_is 1,2,3

# As many as there are nodes: the lost disk's place is not given away by itself.
ask_as_operator "$NETWORK.1:7201" "$(<"$HOST_FOLDER/var/lib/parley/node-1/operator.token")" admin.set \
  '{"name": "min_voters", "value": "3"}'
lose_power 3
rm -r "$(folder_of 3)/var/lib/parley/node-3"
ssh host-3 systemctl start --no-block parley@3
eventually 30 grep -q 'waiting for a leader that fills it' "$ROOT/host-3.log"
parley member list --json | jq -e '.members[] | select(.node == 3) | .voter' >"$ROOT/looked" ||
  fail "the former one has lost its place: $(parley member list)"
play 'parley member remove 3'
play 'parley member add 3 --peer 10.0.0.3:7101 --client 10.0.0.3:7201'
eventually 90 cluster_is 1,2,3
room_has hello 'on two disks'
