# Just as much of the client protocol (docs/PROTOCOL.md) as an operator's request needs: WebSocket by hand.

# send_text TEXT: a masked text frame on descriptor 9; masked with zeros the text is as it was.
send_text() {
  local length=${#1} header
  if [ "$length" -lt 126 ]; then
    header=$(printf '\\x81\\x%02x' $((128 + length)))
  else
    header=$(printf '\\x81\\xfe\\x%02x\\x%02x' $((length / 256)) $((length % 256)))
  fi
  printf "$header"'\x00\x00\x00\x00%s' "$1" >&9
}

# answer_to ID: in ANSWER, from its id on. Frames between that are somebody else's.
answer_to() {
  local part
  ANSWER=
  while LC_ALL=C IFS= read -r -d '}' -t 10 -u 9 part 2>/dev/null; do
    if [[ $part = *"\"id\":$1"[,}]* || $part = *"\"id\":$1" ]]; then ANSWER=$part; return 0; fi
  done
  fail "no answer to request $1"
}

# request METHOD PARAMETERS ID
request() { send_text "{\"jsonrpc\":\"2.0\",\"id\":$3,\"method\":\"$1\",\"params\":$2}"; }

# ask_as_operator ADDRESS TOKEN METHOD PARAMETERS: a sequenced request, carried out or the story ends.
ask_as_operator() {
  local line=
  exec 9<>"/dev/tcp/${1%:*}/${1#*:}"
  printf 'GET /v1/rpc HTTP/1.1\r\nHost: parley\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' >&9
  printf 'Sec-WebSocket-Key: cGFybGV5LW9wZXJhdGlvbg==\r\nSec-WebSocket-Version: 13\r\n\r\n' >&9
  until [ "$line" = $'\r' ]; do   # RFC 6455, 4.1: nothing may be sent before the answer
    IFS= read -r -t 10 -u 9 line || fail 'no answer to the handshake'
  done
  request hello '{"protocol":1}' 1
  request operator "{\"token\":\"$2\"}" 2
  request client.open '{"key":"a-key-of-one-story-alone"}' 3
  answer_to 3
  request "$3" "${4%\}},\"seq\":1,\"first\":1}" 4
  answer_to 4
  exec 9>&-
  lacks "$ANSWER" error
}

# play_request REQUEST: as the page has it, asked of node 1.
play_request() {
  find_item request "$1"
  shown "$1"
  ask_as_operator "$NETWORK.1:7201" "$(<"$(folder_of 1)/var/lib/parley/node-1/operator.token")" "${1%% *}" "${1#* }"
}
