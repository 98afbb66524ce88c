# The page's commands, one after the other. A story says which one is to be played; what is executed is the page's text.
# What a story asks for and the page does not have, at or behind the place where the story is, ends it.

DOCUMENT=${PARLEY_PAGE:-$PROJECT/docs/OPERATIONS.md}
ITEM_FIRST=() ITEM_LAST=() ITEM_SECTION=() ITEM_KIND=() ITEM_TEXT=()
SECTION=
PLACE=-1   # of the item played last, in this section

read_document() {
  local first last section kind text
  while IFS=$'\t' read -r first last section kind text; do
    ITEM_FIRST+=("$first") ITEM_LAST+=("$last") ITEM_SECTION+=("$section") ITEM_KIND+=("$kind") ITEM_TEXT+=("$text")
  done < <(awk -f "$HERE/lib/document.awk" "$DOCUMENT")
  [ ${#ITEM_TEXT[@]} -gt 50 ] || fail "$DOCUMENT has only ${#ITEM_TEXT[@]} commands: is it read rightly?"
}

# The story is at the beginning of this section now.
section() {
  local known
  SECTION=$1 PLACE=-1
  for known in "${ITEM_SECTION[@]}"; do
    if [ "$known" = "$1" ]; then return 0; fi
  done
  fail "docs/OPERATIONS.md has no section '$1' with commands in it"
}

# find_item KIND TEXT: sets ITEM, and writes down that it was played. The same one may be played again at once.
find_item() {
  local i behind=
  for ((i = 0; i < ${#ITEM_TEXT[@]}; ++i)); do
    [ "${ITEM_SECTION[i]}" = "$SECTION" ] && [ "${ITEM_KIND[i]}" = "$1" ] && [ "${ITEM_TEXT[i]}" = "$2" ] || continue
    if [ "$1" != file ] && [ "$i" -lt "$PLACE" ]; then behind=" behind line ${ITEM_FIRST[PLACE]}"; continue; fi
    ITEM=$i
    if [ "$1" != file ]; then PLACE=$i; fi   # files are written when they are needed
    printf '%s\t%s\t%s\n' "${ITEM_FIRST[i]}" "$1" "$2" >>"$PLAYED"
    return 0
  done
  fail "docs/OPERATIONS.md has no $1 '$2' in section '$SECTION'$behind"
}

item_lines() { sed -n "${ITEM_FIRST[ITEM]},${ITEM_LAST[ITEM]}p" "$DOCUMENT"; }

# play COMMAND: on the host where the story is. The status is the command's.
play() {
  find_item command "$1"
  shown "$1"
  eval "$(localised "$1")"
}

play_script() {
  local text
  find_item script "$1"
  shown "(${1})"
  text=$(item_lines)
  eval "$(localised "$text")"
}

# A command that stays in the foreground, in a terminal of its own: what it says is in "$ROOT/NAME.log".
play_in_terminal() {
  local text
  find_item command "$2"
  shown "$2   # in a terminal of its own"
  text=$(localised "$2")
  (eval "exec $text") >>"$ROOT/$1.log" 2>&1 &
  TERMINAL[$1]=$!
}

# write_file NAME PATH: a file as the page has it.
write_file() {
  local text
  find_item file "$1"
  text=$(item_lines)
  localised "$text" >"$2"
}

# The same as play, and what it said is in SAID.
hear() {
  local code=0
  play "$1" >"$ROOT/said" 2>&1 || code=$?
  SAID=$(<"$ROOT/said")
  return $code
}

# refused CODE WORDS COMMAND: ends with this exit code and says that.
refused() {
  local code=0
  hear "$3" || code=$?
  [ "$code" = "$1" ] || fail "'$3' ended with $code, not $1: $SAID"
  has "$SAID" "$2"
}

# `parley WORDS` is a command of the program: its help has it.
is_command() {
  # shellcheck disable=SC2086
  "$PARLEY_PROGRAM" ${1#parley } --help 2>/dev/null | grep -q "^Usage: $1 "
}

# For the test of all stories: is every item of the page in one of these records, or in not_played, and is every name a
# command of the program?
check_all_played() {
  local record item text i missing=0
  local -A played=() excused=()
  for record in "$@"; do
    [ -f "$record" ] || fail "the story $(basename "$record") has not been played"
    while IFS= read -r item; do played[$item]=1; done <"$record"
  done
  while IFS=$'\t' read -r text _; do excused[$text]=unused; done < <(grep -v '^#' "$HERE/not_played")
  for ((i = 0; i < ${#ITEM_TEXT[@]}; ++i)); do
    text=${ITEM_TEXT[i]}
    if [ -n "${played[${ITEM_FIRST[i]}$'\t'${ITEM_KIND[i]}$'\t'$text]-}" ]; then continue; fi
    if [ -n "${excused[$text]-}" ]; then excused[$text]=used; continue; fi
    if [ "${ITEM_KIND[i]}" = name ] && is_command "$text"; then continue; fi
    printf 'docs/OPERATIONS.md:%s: no story plays this %s: %s\n' "${ITEM_FIRST[i]}" "${ITEM_KIND[i]}" "$text"
    missing=1
  done
  for text in "${!excused[@]}"; do
    if [ "${excused[$text]}" = used ]; then continue; fi
    printf 'tests/operations/not_played: the page has no such command, or a story plays it: %s\n' "$text"
    missing=1
  done
  return $missing
}
