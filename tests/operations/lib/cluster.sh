# The cluster of section 'Three hosts', which most stories begin with: set up as the page says, from nothing.

prepare_host() {
  on_host "$1"
  section 'Three hosts'
  play 'install -m 755 build/release/parley /usr/bin/parley'
  play 'install -m 644 packaging/systemd/parley@.service /etc/systemd/system/parley@.service'
  play 'useradd --system --home-dir /var/lib/parley --shell /usr/sbin/nologin parley'
  play 'install -d -m 755 /etc/parley'
  play 'systemctl daemon-reload'
}

# Ends on host 1, in the home directory, with somebody talking.
three_hosts() {
  local id
  for id in 3 2 1; do prepare_host "$id"; done
  write_file three-hosts cluster_config.json
  play '(umask 077; openssl rand -hex 32 > cluster.key)'
  play_script hand-out
  not [ -e cluster.key ] || fail 'the key stays where it was made'
  play_script first-start
  play 'export PARLEY_CONFIG=/etc/parley/cluster_config.json'
  eventually 30 play 'parley status'
  play 'parley chat --server 10.0.0.1:7201,10.0.0.2:7201,10.0.0.3:7201' >"$ROOT/said" <<'END'
/register anna a-long-enough-password
/create #ops
hello
/quit
END
  has "$(<"$ROOT/said")" 'sent to #ops as '
}
