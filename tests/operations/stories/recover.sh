# Two disks of three are lost for good; the third goes on alone, and the others join it over empty ones.

three_hosts
eventually 30 cluster_is 1,2,3
says 'before the loss'
archived() { status_is '.nodes | all(.status.applied == .status.commit) and (map(.status.commit) | unique | length == 1)'; }
eventually 30 archived

on_host 2
export PARLEY_CONFIG=$HOST_FOLDER/etc/parley/cluster_config.json
section 'A majority is lost for good'
play 'systemctl stop parley@2'
refused 1 'is led by node' 'parley recover --id 2'

lose_power 1
lose_power 3
mv "$(folder_of 1)/var/lib/parley/node-1" "$(folder_of 1)/var/lib/parley/node-1.lost"
rm -r "$(folder_of 3)/var/lib/parley/node-3"
refused 1 'those were not the words' 'parley recover --id 2' <<<'yes'
[ ! -e "$HOST_FOLDER/var/lib/parley/node-2/recovered-from-1.txt" ] || fail 'it recovered all the same'
has "$SAID" 'node 2: log up to index'
hear 'parley recover --id 2' <<<'I accept that acknowledged messages may be lost'
has "$SAID" 'Node 2 goes on alone, in a new cluster'
[ -s "$HOST_FOLDER/var/lib/parley/node-2/recovered-from-1.txt" ] || fail 'nothing says what was before'
play 'chown -R parley: /var/lib/parley/node-2'
play 'systemctl start parley@2'
room_has hello 'before the loss'

ssh host-1 systemctl start parley@1
ssh host-3 systemctl start parley@3
eventually 30 cluster_is 1,2,3
says 'after the recover'

systemctl stop parley@2
hear 'parley log dump --data /var/lib/parley/node-2 --from 1 --to 100'
has "$SAID" 'send #ops'
lacks "$SAID" 'before the loss'
cp -r "$HOST_FOLDER/var/lib/parley/node-2" damaged
printf '\1' | dd of=damaged/log/0000000001.wal bs=1 seek=700 conv=notrunc status=none
said=$(parley log dump --data damaged 2>&1) || true
has "$said" 'damaged/log/0000000001.wal'
