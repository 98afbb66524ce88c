# systemctl, as far as the page uses it: it reads the unit that was installed on the host, and runs its ExecStart.

systemctl() {
  local word verb= now= block=yes node=
  for word; do
    case $word in
      --now) now=yes ;;
      --no-block) block= ;;
      parley@*) node=${word#parley@} ;;
      daemon-reload | enable | disable | start | stop | restart | reset-failed) verb=$word ;;
      *) fail "systemctl $*: this stand-in does not know $word" ;;
    esac
  done
  case $verb in
    daemon-reload) ;;
    enable) if [ -n "$now" ]; then start_unit "$node" "$block"; fi ;;
    disable) if [ -n "$now" ]; then stop_unit "$node"; fi ;;
    start) start_unit "$node" "$block" ;;
    stop) stop_unit "$node" ;;
    reset-failed) unset "GIVEN_UP[$HOST/$node]" ;;
    restart)
      stop_unit "$node"
      start_unit "$node" "$block" ;;
  esac
}

unit_log() { printf '%s' "$ROOT/host-$HOST.log"; }
unit_runs() { [ -n "${UNIT_PID[$1]-}" ] && kill -0 "${UNIT_PID[$1]}" 2>/dev/null; }
setting() { sed -n "s/^$1=//p" "$HOST_FOLDER/etc/systemd/system/parley@.service"; }

# Restart=on-failure is not played: a node that ended with a failure is taken for one that did so StartLimitBurst times.
declare -A GIVEN_UP

# Started is, as Type=notify and TimeoutStartSec=infinity have it, a node that serves.
start_unit() {
  local node=$1 id=$HOST/$1 data=$HOST_FOLDER/var/lib/parley command
  if unit_runs "$id"; then return 0; fi
  if [ -n "${UNIT_PID[$id]-}" ]; then   # it ended by itself
    forget_unit "$id"
    if [ "$ENDED" != 0 ]; then GIVEN_UP[$id]=yes; fi
  fi
  if [ -n "${GIVEN_UP[$id]-}" ]; then return 1; fi
  [ "$(setting Type)" = notify ] && [ "$(setting User)" = parley ] || fail "not the unit that this stand-in knows"
  if [ ! -d "$data" ]; then mkdir -m 700 "$data" && give "$data"; fi   # StateDirectory
  check_given "$data"
  check_given "$HOST_FOLDER/etc/parley" -name '*.key' -o -name '*.crt'
  check_addresses "$node"
  command=$(localised "$(setting ExecStart)")
  command=${command//%i/$node}
  # shellcheck disable=SC2086  # the words of ExecStart
  (exec setpriv --pdeathsig KILL $command) >>"$(unit_log)" 2>&1 &
  UNIT_PID[$id]=$!
  if [ -n "$2" ]; then eventually 60 unit_started "$id" && unit_runs "$id"; fi
}

unit_started() { ! unit_runs "$1" || page_is 200 "$(client_address "${1#*/}")" /readyz; }

# A machine can listen only where it is. (All of 127/8 is here, so the node itself would not notice.)
declare -A ADDRESS   # of a host whose address is not 10.0.0.HOST any more
check_addresses() {
  local address
  while read -r address; do
    [ "$address" = "$NETWORK.${ADDRESS[$HOST]-$HOST}" ] || fail "host $HOST has no address $address to listen at"
  done < <(jq -r ".nodes[] | select(.id == $1) | .peer, .client | .listen | sub(\":.*\"; \"\")" \
    "$HOST_FOLDER/etc/parley/cluster_config.json")
}

client_address() {
  jq -r ".nodes[] | select(.id == $1) | .client.listen" "$HOST_FOLDER/etc/parley/cluster_config.json"
}

# Of a process that has ended, or is about to: its exit code in ENDED. What it made is its user's.
forget_unit() {
  ENDED=0
  wait "${UNIT_PID[$1]}" 2>/dev/null || ENDED=$?
  unset "UNIT_PID[$1]"
  give "$(folder_of "${1%/*}")/var/lib/parley"
}

stop_unit() {
  local id=$HOST/$1
  unit_runs "$id" || return 0
  kill -TERM "${UNIT_PID[$id]}"
  eventually "$(setting TimeoutStopSec)" not unit_runs "$id"
  forget_unit "$id"
  [ "$ENDED" = 0 ] || fail "node $1 on host $HOST ended with $ENDED when asked to stop: $(tail -n 5 "$(unit_log)")"
}

# A machine loses its power: its node dies, nothing on it answers.
lose_power() {
  local id
  for id in "${!UNIT_PID[@]}"; do
    if [ "${id%/*}" != "$1" ]; then continue; fi
    kill -KILL "${UNIT_PID[$id]}"
    forget_unit "$id"
  done
}
