# The page's machines, on this one. Host N is the folder "$ROOT/host-N", which stands for its file system, and 10.0.0.N
# is an address of a network that this story has to itself (all of 127/8 is this machine). Host 0 is the reader's own.
# The stand-ins do to the local processes what the real programs do to a machine, no more.

HOST=0
# shellcheck disable=SC2034
declare -A TERMINAL UNIT_PID   # process ids, by name and by "host/node"

folder_of() { printf '%s' "$ROOT/host-$1"; }

# The page's text as it is carried out on the host where the story is.
localised() {
  local here
  here=$(folder_of "$HOST")
  printf '%s\n' "$1" | sed -E "s#\\b10\\.0\\.0\\.([0-9])#$NETWORK.\\1#g; s#\\b127\\.0\\.0\\.1\\b#$NETWORK.$((100 + HOST))#g
    s#(^|[[:space:]:=\"(><'])/(etc|usr/bin|var/lib|backup|mirror)\\b#\\1$here/\\2#g"
}

# The story goes on there, in the home directory, where a clone of the project lies.
on_host() {
  HOST=$1
  HOST_FOLDER=$(folder_of "$1")
  HOME=$HOST_FOLDER/root
  export HOST_FOLDER HOME
  if [ ! -d "$HOME" ]; then
    mkdir -p "$HOME/build/release" "$HOST_FOLDER"/{etc/systemd/system,usr/bin,var/lib,backup,mirror}
    ln -s "$PARLEY_PROGRAM" "$HOME/build/release/parley"
    ln -s "$PROJECT/packaging" "$HOME/packaging"
  fi
  cd "$HOME" || return
}

# shellcheck disable=SC2016  # expanded when it is run
# `parley` on a host is that host's. It ends with the story, whatever ends that.
make_path() {
  mkdir -p "$ROOT/bin"
  printf '#!/bin/sh\nexec setpriv --pdeathsig KILL "$HOST_FOLDER/usr/bin/parley" "$@"\n' >"$ROOT/bin/parley"
  chmod +x "$ROOT/bin/parley"
  PATH=$ROOT/bin:$PATH
}

ssh() {
  local was=$HOST there code=0 directory=$PWD words
  there=$(folder_of "${1#host-}")
  words=("${@:2}")
  words=("${words[@]//"$HOST_FOLDER/"/"$there/"}")
  on_host "${1#host-}"
  "${words[@]}" || code=$?
  on_host "$was"
  cd "$directory" || return
  return $code
}

# host-N:PATH as a path here.
place_of() {
  if [[ $1 =~ ^host-([0-9]+):(.*)$ ]]; then
    printf '%s' "$(folder_of "${BASH_REMATCH[1]}")/${BASH_REMATCH[2]#"$HOST_FOLDER/"}"
  else
    printf '%s' "$1"
  fi
}

# Copies of configuration files mean the folder of the host that they are on, as paths do. Who copies is root.
scp() {
  local options=() files=() word target file
  for word; do
    if [[ $word = -* ]]; then options+=("$word"); else files+=("$(place_of "$word")"); fi
  done
  target=${files[-1]}
  unset 'files[-1]'
  for file in "${files[@]}"; do
    cp "${options[@]}" -L "$file" "$target" || return 1
    if [[ $file = *.json && -d $target ]]; then
      sed -i -E "s#$ROOT/host-[0-9]+#${target%%/etc/*}#g" "$target/$(basename "$file")"
    fi
  done
}

# Files that the unit's user may use: those that its nodes made, and those that it was given. The test has no such user,
# so it remembers inodes.
give() { find "$@" -printf '%D:%i\n' >>"$ROOT/given"; }

chown() {
  local files=("$@")
  if [ "${files[0]}" = -R ]; then files=("${files[@]:1}"); fi
  [ "${files[0]}" = parley: ] || fail "chown to ${files[0]}: not the unit's user"
  give "${files[@]:1}"
}

check_given() {
  local file
  while read -r file; do
    if grep -qxF "$(stat -c '%d:%i' "$file")" "$ROOT/given"; then continue; fi
    fail "the node's user can't use $file: it was made by root"
  done < <(find "$@")
}

# All but the owner as it is; who owns it, remembered.
install() {
  local words=() owner= word
  while [ $# -gt 0 ]; do
    word=$1
    shift
    if [ "$word" = -o ]; then owner=$1; shift; else words+=("$word"); fi
  done
  command install "${words[@]}"
  if [ -n "$owner" ]; then give "${words[-1]}"; fi
}

useradd() { [ "${!#}" = parley ] || fail "another user than the unit's: ${!#}"; }
date() { printf '2026-11-01\n'; }
sleep() { command sleep 0.1; }   # the page's loops wait for something; so long for a test

# nft checks where it is installed and may, in a network of its own.
nft() {
  local program
  program=$(type -P nft) || true
  if [ -z "$program" ] || ! unshare -Urn true 2>/dev/null; then
    shown "# not checked: there is no nft here, or no network namespace to run it in"
    return 0
  fi
  unshare -Urn "$program" "$@"
}
