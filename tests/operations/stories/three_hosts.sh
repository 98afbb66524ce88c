# From nothing to a cluster on three hosts; who listens and dials where; another key for all of them.

three_hosts
eventually 30 cluster_is 1,2,3
eventually 30 status_is '.bearable == "yes" and .copies == 3'
room_has hello
[ "$(stat -c %a "$HOST_FOLDER/etc/parley/cluster.key")" = 600 ] || fail 'others may read the key'

# Off the loopback the file is one that nodes take: they fail to listen at these addresses, which are nobody's, no sooner.
sed "s/$NETWORK\.\([123]\):/192.0.2.\1:/g; s#$HOST_FOLDER/var/lib/##" "$HOST_FOLDER/etc/parley/cluster_config.json" >elsewhere.json
cp "$HOST_FOLDER/etc/parley/cluster.key" .
code=0
said=$(parley node --config elsewhere.json --id 1 2>&1) || code=$?
[ "$code" = 1 ] || fail "off the loopback: $said"
has "$said" '192.0.2.1:710'
sed -i '/cluster_key_file/d' elsewhere.json
code=0
said=$(parley node --config elsewhere.json --id 1 2>&1) || code=$?
[ "$code" = 2 ] || fail "off the loopback, without a key: $said"

# The other way to make a key. That it is one is seen below.
section 'Three hosts'
play 'head -c 32 /dev/urandom | base64' >other.key
chmod 600 other.key

section 'Ports and firewall'
# sockets PID STATE: "local remote" of each TCP socket in this state, as /proc/net/tcp has them.
sockets() {
  local inodes
  inodes=$(find "/proc/$1/fd" -lname 'socket:*' -printf '%l ' | tr -dc '0-9 ')
  awk -v inodes=" $inodes" -v state="$2" '$4 == state && index(inodes, " " $10 " ") { print $2, $3 }' /proc/net/tcp
}
hex() { printf '%02X%02X%02X%02X:%04X' "${4%:*}" "$3" "$2" "$1" "${4#*:}"; }   # 127 1 2 3:7101
address() {
  # shellcheck disable=SC2046
  hex $(tr . ' ' <<<"$NETWORK.$1")
}
for id in 1 2 3; do
  listening=$(sockets "${UNIT_PID[$id/$id]}" 0A | cut -d' ' -f1 | sort)
  expected=$({ address "$id:7101"; echo; address "$id:7201"; echo; } | sort)
  [ "$listening" = "$expected" ] || fail "node $id listens at $listening, not $expected"
  # Each connection has the node's own port at one end, or is one that it dialled: then to another node's `peer`.
  while read -r near far; do
    if grep -qxF "$near" <<<"$expected"; then continue; fi
    case $far in
      "$(address 1:7101)" | "$(address 2:7101)" | "$(address 3:7101)") ;;
      *) fail "node $id dialled $far" ;;
    esac
  done < <(sockets "${UNIT_PID[$id/$id]}" 01)
done
write_file parley.nft parley.nft
play 'nft -c -f parley.nft'

section 'Another key'
cp "$HOST_FOLDER/etc/parley/cluster.key" former.key
play_script another-key
eventually 30 cluster_is 1,2,3
room_has hello
not cmp -s former.key "$HOST_FOLDER/etc/parley/cluster.key" || fail 'the key is the same'
cmp "$(folder_of 1)/etc/parley/cluster.key" "$(folder_of 3)/etc/parley/cluster.key"
ssh host-3 systemctl stop parley@3
cp other.key "$(folder_of 3)/etc/parley/cluster.key"
ssh host-3 systemctl start --no-block parley@3
eventually 30 grep -q 'it has another cluster key than this node' "$ROOT/host-3.log"
eventually 30 grep -q 'it has another cluster key than this node' "$ROOT/host-1.log"
