# Members come, lead, go and move, by an operator's word.

three_hosts
eventually 30 cluster_is 1,2,3

parley member transfer 2
prepare_host 4
# Its own file: itself and one member, as little as the page asks for; and that one does not lead.
jq --arg net "$NETWORK" --arg data "$HOST_FOLDER/var/lib/parley/node-4" '.nodes = [.nodes[0],
    { id: 4, peer: { listen: ($net + ".4:7101") }, client: { listen: ($net + ".4:7201") }, data: $data }]' \
  "$(folder_of 1)/etc/parley/cluster_config.json" >"$HOST_FOLDER/etc/parley/cluster_config.json"
cp "$(folder_of 1)/etc/parley/cluster.key" "$HOST_FOLDER/etc/parley/"
chown parley: "$HOST_FOLDER/etc/parley/cluster.key"
on_host 1

section 'Members'
hear 'parley member list'
for id in 1 2 3; do has "$SAID" "$NETWORK.$id:7101"; done
hear 'parley member add 4 --peer 10.0.0.4:7101 --client 10.0.0.4:7201'
has "$SAID" 'node 4 is a learner'
status_is '.learners | map(.node) == [4]' >"$ROOT/looked" || fail "node 4 is no learner: $(<"$ROOT/looked")"
refused 1 'node 4 is not caught up' 'parley member promote 4'
ssh host-4 systemctl enable --now parley@4
eventually 30 play 'parley member promote 4'
eventually 30 cluster_is 1,2,3,4
play 'parley member transfer 3'
status_is '.leader == 3' >"$ROOT/looked" || fail "node 3 does not lead: $(<"$ROOT/looked")"
play 'parley member remove 2'
eventually 30 not unit_runs 2/2
grep -q 'node 2 was removed from the cluster' "$ROOT/host-2.log"
eventually 30 cluster_is 1,3,4
room_has hello

# A removed node ends at every start, until it is added again.
not ssh host-2 systemctl start parley@2 || fail 'a removed node serves'
play 'parley member add 2 --peer 10.0.0.2:7101 --client 10.0.0.2:7201'
not ssh host-2 systemctl start parley@2 || fail 'systemd had not given it up'
play 'ssh host-2 systemctl reset-failed parley@2'
play 'ssh host-2 systemctl start parley@2'
eventually 30 cluster_is 1,2,3,4

# Node 3 moves (back to the page's list), and the operator is the first to say so.
section 'Members'
ssh host-3 systemctl stop parley@3
ADDRESS[3]=9
sed -i "s/$NETWORK.3:/$NETWORK.9:/g" "$(folder_of 3)/etc/parley/cluster_config.json"
hear 'parley member add 3 --peer 10.0.0.9:7101'
has "$SAID" "node 3 is now at $NETWORK.9:7101"
ssh host-3 systemctl start parley@3
eventually 30 cluster_is 1,2,3,4
hear 'parley member add 3 --peer 10.0.0.9:7101'
has "$SAID" 'is a member already, at these addresses'

