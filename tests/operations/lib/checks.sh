# What stories wait for and look at. Nothing waits without a deadline, or for a time to pass.

SHOWN=
shown() {
  if [ "$SHOWN" != "$HOST $1" ]; then printf 'host-%s# %s\n' "$HOST" "$1" >&3; fi
  SHOWN="$HOST $1"
}

fail() {
  printf 'FAILED: %s\n' "$*" >&3
  local i
  for ((i = 1; i < ${#BASH_SOURCE[@]}; ++i)); do
    if [[ ${BASH_SOURCE[i]} = */stories/* ]]; then printf '  at %s:%s\n' "${BASH_SOURCE[i]}" "${BASH_LINENO[i - 1]}" >&3; fi
  done
  if [ -n "${ROOT-}" ]; then : >"$ROOT/failed"; fi
  trap - ERR
  kill -TERM "$STORY" 2>/dev/null   # also out of a subshell
  exit 1
}

not() { ! "$@"; }
has() { [[ $1 == *"$2"* ]] || fail "'$2' is not in: $1"; }
lacks() { [[ $1 != *"$2"* ]] || fail "'$2' is in: $1"; }
differences() { diff <(echo "$1") <(echo "$2") || true; }   # of two texts, as diff(1) shows them

# eventually SECONDS CONDITION...: looks until it holds.
eventually() {
  local until=$((${EPOCHREALTIME/./} + $1 * PATIENCE * 1000000))
  shift
  while ! "$@" >"$ROOT/looked" 2>&1; do
    if [ "${EPOCHREALTIME/./}" -gt "$until" ]; then fail "waited in vain for: $*; it said: $(tail -n 20 "$ROOT/looked")"; fi
    command sleep 0.05
  done
}

# page ADDRESS PATH: the answer of the node's client port.
page() {
  timeout 10 bash -c 'exec 9<>"/dev/tcp/${1%:*}/${1##*:}" || exit
    printf "GET %s HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n" "$2" >&9
    cat <&9' page "$1" "$2" 2>/dev/null
}
page_is() { page "$2" "$3" | head -n 1 | grep -q "^HTTP/1.1 $1 "; }

# status_is EXPRESSION: of what `parley status --json` says, from the host where the story is.
status_is() { parley status --json | jq -e "$1"; }
voters_are() { status_is "[.voters[] | select(.connected) | .node] == [$1] and .leader != null and .learners == []"; }
# The same, and these nodes answer and have all that is committed, which a lost disk has not yet that holds a voter's place.
cluster_is() {
  voters_are "$1" &&
    status_is "[.nodes[] | select(.reachable) | .status] | (map(.commit) | max) as \$commit |
      map(select(.applied >= \$commit) | .node) | sort == [$1]"
}

# chats LINE...: as anna, in #ops, from anywhere; what the chat said is in SAID.
chats() {
  local code=0
  printf '%s\n' '/login anna a-long-enough-password' '/open #ops' "$@" '/quit' |
    parley chat --no-store --no-resume "${CHAT_OPTIONS[@]}" >"$ROOT/said" 2>&1 || code=$?
  SAID=$(<"$ROOT/said")
  [ "$code" = 0 ] || fail "the chat ended with $code: $SAID"
}
CHAT_OPTIONS=()

# says TEXT: acknowledged, or the story ends.
says() {
  chats "$1"
  has "$SAID" 'sent to #ops as '
}

# room_has TEXT..., in this order, each once.
room_has() {
  local text rest
  chats '/history 100'
  rest=$SAID
  for text; do
    [ "$(grep -c " anna: $text\$" <<<"$SAID")" = 1 ] || fail "'$text' is not there once: $SAID"
    has "$rest" " anna: $text"
    rest=${rest#*" anna: $text"}
  done
}
