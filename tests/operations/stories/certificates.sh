# Certificates in place of the key: from one to the other, one of them renewed, another CA, all of these but the first
# without a stop.

three_hosts
eventually 30 cluster_is 1,2,3

on_host 0
section 'Several machines: certificates in place of the key'
(play_script certificates)   # it changes the umask
write_file certificates-setting "$ROOT/setting"
not [ -e node-1.key ] || fail 'a private key stays where it was made'

for id in 1 2 3; do
  ssh host-$id systemctl stop parley@$id
  configuration=$(folder_of $id)/etc/parley/cluster_config.json
  sed -i -e '/cluster_key_file/d' -e "1r $ROOT/setting" "$configuration"
  rm "$(folder_of $id)/etc/parley/cluster.key"
done
for id in 1 2 3; do ssh host-$id systemctl start --no-block parley@$id; done
on_host 1
eventually 30 cluster_is 1,2,3
room_has hello

# renewed HOST TIMES: so often it has taken new files into use.
renewed() { [ "$(grep -c certificates_renewed "$ROOT/host-$1.log")" -ge "$2" ]; }

# The loop's commands for one node, with the CA that is there.
issue() {
  local text
  on_host 0
  section 'Several machines: certificates in place of the key'
  find_item script certificates
  text=$(item_lines | sed -e '/req -x509/d' -e "s/for id in 1 2 3/for id in $1/")
  (eval "$(localised "$text")")
  on_host 1
}
former=$(sha256sum <"$(folder_of 2)/etc/parley/node-2.crt")
issue 2
[ "$(sha256sum <"$(folder_of 2)/etc/parley/node-2.crt")" != "$former" ] || fail 'it is the same certificate'
eventually 30 renewed 2 1
cluster_is 1,2,3 >"$ROOT/looked" || fail "a renewal disturbed the cluster: $(<"$ROOT/looked")"

# Another CA.
hand_out_authorities() { for id in 1 2 3; do scp "$1" host-$id:/etc/parley/ca.crt; done; }
all_renewed() { eventually 30 renewed 1 "$1"; eventually 30 renewed 2 $(($1 + 1)); eventually 30 renewed 3 "$1"; }
on_host 0
section 'Several machines: certificates in place of the key'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650 -subj '/CN=Parley CA 2' \
  -keyout new-ca.key -out new-ca.crt
play 'cat ca.crt new-ca.crt' >both.crt
hand_out_authorities both.crt
all_renewed 1
mv new-ca.key ca.key
cp new-ca.crt ca.crt
issue '1 2 3'   # which hands out the new CA alone: so the old one is added again until all have its certificates
on_host 0
hand_out_authorities both.crt
all_renewed 2
hand_out_authorities new-ca.crt
all_renewed 3
on_host 1
eventually 30 cluster_is 1,2,3
for id in 1 2 3; do
  ssh host-$id systemctl restart parley@$id
  eventually 60 cluster_is 1,2,3
done
says 'under another CA'
room_has hello 'under another CA'
