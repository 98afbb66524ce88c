# A machine that died for good, replaced by one with its address and by one with another; and one that moves.

three_hosts
eventually 30 cluster_is 1,2,3

prepare_again() {   # from nothing, as the page's third section says
  rm -rf "$(folder_of "$1")"
  prepare_host "$1"
  on_host 1
  section 'Replacing a host'
}
votes_again() { eventually 90 cluster_is 1,2,3; }   # who fell out often waits up to 60 s

lose_power 3
eventually 30 cluster_is 1,2
says 'without the third'
prepare_again 3
play 'scp -p /etc/parley/cluster_config.json /etc/parley/cluster.key host-3:/etc/parley/'
play 'ssh host-3 chown parley: /etc/parley/cluster.key'
play 'ssh host-3 systemctl enable --now parley@3'
votes_again
hear 'parley status'
has "$SAID" 'voters 1, 2, 3'

# It dies again, and a machine with another address takes its place. The other files name the old one.
lose_power 3
eventually 30 cluster_is 1,2
says 'without the third again'
prepare_again 9
play 'scp -p /etc/parley/cluster_config.json /etc/parley/cluster.key host-9:/etc/parley/'
play 'ssh host-9 chown parley: /etc/parley/cluster.key'
play 'ssh host-9 sed -i s/10.0.0.3:/10.0.0.9:/g /etc/parley/cluster_config.json'
play 'ssh host-9 systemctl enable --now parley@3'
votes_again
third_is_there() { hear 'parley member list' && grep -q "^3 .* $NETWORK.9:7101 .*$NETWORK.9:7201" <<<"$SAID"; }
eventually 30 third_is_there

# The second moves, with what it has.
kept=$(stat -c %s "$(folder_of 2)/var/lib/parley/node-2/archive.db")
prepare_host 8
on_host 1
section 'Replacing a host'
play 'ssh host-2 systemctl disable --now parley@2'
says 'while the second moves'
play 'scp -p /etc/parley/cluster_config.json /etc/parley/cluster.key host-8:/etc/parley/'
play 'ssh host-8 install -d -m 700 -o parley /var/lib/parley'
play 'scp -rp host-2:/var/lib/parley/node-2 host-8:/var/lib/parley/'
cp -r "$(folder_of 8)/var/lib/parley/node-2" "$ROOT/moved"
play 'ssh host-8 chown -R parley: /etc/parley/cluster.key /var/lib/parley'
play 'ssh host-8 sed -i s/10.0.0.2:/10.0.0.8:/g /etc/parley/cluster_config.json'
play 'ssh host-8 systemctl enable --now parley@2'
votes_again
second_is_there() { parley member list | grep -q "^2 .* $NETWORK.8:7101 .*$NETWORK.8:7201"; }
eventually 30 second_is_there
cmp "$ROOT/moved/identity" "$(folder_of 8)/var/lib/parley/node-2/identity" || fail 'it came as another one, without its data'
[ "$kept" -gt 0 ] || fail 'there was nothing to take along'

CHAT_OPTIONS=(--server "$NETWORK.8:7201" --stay)
room_has hello 'without the third' 'without the third again' 'while the second moves'
