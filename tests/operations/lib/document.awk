# What docs/OPERATIONS.md tells people to type or to write, one item a line: first line, last line, section, kind, text.
#   command  a line of a block without a language, or a piece of text in backquotes that is a command with arguments
#   script   a block ```sh NAME: played as a whole; the text is its name
#   file     a block ```LANGUAGE NAME: the contents of a file; the text is its name
#   request  an `admin.` method in backquotes with its parameters: asked for over the client protocol
#   name     `parley WORDS` without arguments: no more than the name of a command
BEGIN {
  count = split("parley ssh scp systemctl journalctl openssl head for until mv cp rm rsync tar install sed nft jq curl " \
                "useradd runuser sudo chmod chown cat export cd mkdir date", words, " ")
  for (i = 1; i <= count; ++i) programs[words[i]] = 1
}
function emit(first, last, kind, text) { printf "%d\t%d\t%s\t%s\t%s\n", first, last, section, kind, text }
function without_comment(line) {
  sub(/^[ \t]+/, "", line)
  if (line ~ /^#/) return ""
  sub(/[ \t][ \t]+# .*$/, "", line)
  sub(/[ \t]+$/, "", line)
  return line
}
function inline(text,   parts) {
  if (text ~ /^admin\.[a-z]+ /) emit(NR, NR, "request", text)
  if (split(text, parts, " ") < 2 || !(parts[1] in programs)) return
  emit(NR, NR, text ~ /^parley( [a-z]+)+$/ ? "name" : "command", text)
}
/^```/ {
  if (!inside) {
    inside = 1
    opened = NR
    language = name = ""
    count = split(substr($0, 4), words, " ")
    if (count > 0) language = words[1]
    if (count > 1) name = words[2]
    next
  }
  inside = 0
  if (language == "sh" && name != "") emit(opened + 1, NR - 1, "script", name)
  else if (language != "") emit(opened + 1, NR - 1, "file", name == "" ? language " without a name" : name)
  next
}
inside {
  if (language == "") {
    text = without_comment($0)
    if (text != "") emit(NR, NR, "command", text)
  }
  next
}
/^#+ / {
  section = $0
  sub(/^#+ /, "", section)
  next
}
{
  count = split($0, pieces, "`")
  for (i = 2; i < count + (count % 2); i += 2) inline(pieces[i])
}
