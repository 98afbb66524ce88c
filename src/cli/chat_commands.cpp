#include "cli/chat_commands.hpp"

#include <algorithm>
#include <utility>

#include "cli/chat_handlers.hpp"
#include "cli/utf8.hpp"

namespace parley::cli {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Byte offsets of the words of a line.
std::vector<std::pair<std::size_t, std::size_t>> find_words(std::string_view line) {
  std::vector<std::pair<std::size_t, std::size_t>> words;
  for (std::size_t at = 0; at < line.size();) {
    while (at < line.size() && is_blank(line[at])) ++at;
    const std::size_t begin = at;
    while (at < line.size() && !is_blank(line[at])) ++at;
    if (at > begin) words.emplace_back(begin, at - begin);
  }
  return words;
}

// Letters added, left out, changed or exchanged with their neighbour (Damerau), for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, changed});
      const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (exchanged) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

Error unknown_command(const std::string& name) {
  std::string text = "there is no command " + printable(name.substr(0, 40), false);
  const auto nearer = [&name](const ChatCommand& a, const ChatCommand& b) {
    return distance(name, a.name) < distance(name, b.name);
  };
  if (name.size() <= 40) {
    const auto& nearest = *std::min_element(chat_commands().begin(), chat_commands().end(), nearer);
    if (distance(name, nearest.name) <= std::max<std::size_t>(1, name.size() / 3))
      text += "; did you mean " + std::string(nearest.name) + "?";
  }
  return Error{text + " /help lists them; // at the beginning sends a text that begins with /"};
}

std::string usage(const ChatCommand& command) {
  const std::string name(command.name);
  return "usage: " + name + (command.arguments.empty() ? "" : " ") + std::string(command.arguments);
}

}  // namespace

const std::vector<ChatCommand>& chat_commands() {
  static const std::vector<ChatCommand> table = {
      {"/help", "", "list the commands", 0, 0, &help_command},
      {"/register", "NAME [PASSWORD [INVITATION]]", "make an account and log in", 1, 3, &register_command, 1},
      {"/login", "NAME [PASSWORD]", "log in; asks for the password at a terminal", 1, 2, &login_command, 1},
      {"/logout", "[everywhere]", "log out here, or on every device", 0, 1, &logout_command},
      {"/passwd", "[OLD NEW]", "change the password; ends all other logins", 0, 2, &passwd_command, 0},
      {"/delete-account", "[PASSWORD]", "delete your account; your messages stay", 0, 1, &delete_account_command, 0},
      {"/users", "[PATTERN]", "list accounts; * and ? are wildcards", 0, 1, &users_command},
      {"/who", "", "who is logged in now", 0, 0, &who_command},
      {"/msg", "USER TEXT", "send a direct message", 2, any_words, &msg_command},
      {"/open", "PLACE", "talk in #room or with @user: plain lines go there", 1, 1, &open_command},
      {"/create", "#ROOM [invite-only] [TOPIC]", "make a room and open it", 1, any_words, &create_command},
      {"/join", "#ROOM", "join a room and open it (/create makes one)", 1, 1, &join_command},
      {"/leave", "[#ROOM]", "leave the open room or another", 0, 1, &leave_command},
      {"/rooms", "[PATTERN]", "list rooms", 0, 1, &rooms_command},
      {"/members", "[#ROOM]", "who is in the open room or another", 0, 1, &members_command},
      {"/topic", "TEXT", "set the topic of the open room", 1, any_words, &topic_command},
      {"/invite", "USER", "invite somebody into the open room", 1, 1, &invite_command},
      {"/remove", "USER", "remove somebody from the open room", 1, 1, &remove_command},
      {"/history", "[N]", "the last N messages here (20)", 0, 1, &history_command},
      {"/read", "[N]", "the next N unread messages here (20)", 0, 1, &read_command},
      {"/unread", "", "where there is something unread", 0, 0, &unread_command},
      {"/search", "TEXT", "find messages", 1, any_words, &search_command},
      {"/edit", "ID TEXT", "change a message of yours", 2, any_words, &edit_command},
      {"/delete", "ID...", "delete messages", 1, 100, &delete_command},
      {"/status", "", "the cluster, as the node you talk to sees it", 0, 0, &status_command_line},
      {"/wait", "SECONDS", "keep listening (in scripts)", 1, 1, &wait_command},
      {"/quit", "", "end", 0, 0, &quit_command},
  };
  return table;
}

std::string Arguments::rest(std::size_t from) const {
  const auto found = find_words(line);   // words[0] is the second one of the line: the first is the command
  if (from + 1 >= found.size()) return {};
  std::string text = line.substr(found[from + 1].first);
  while (!text.empty() && is_blank(text.back())) text.pop_back();
  return text;
}

Result<ParsedLine> parse_chat_line(const std::string& line) {
  if (const auto at = find_invalid_utf8(line))
    return Error{"not sent: byte " + std::to_string(*at + 1) + " of the line is not valid UTF-8"};
  ParsedLine parsed;
  if (!line.starts_with('/') || line.starts_with("//")) {
    parsed.text = line.starts_with("//") ? line.substr(1) : line;
    return parsed;
  }
  const auto words = find_words(line);
  const std::string name = line.substr(words[0].first, words[0].second);
  const auto& table = chat_commands();
  const auto row = std::find_if(table.begin(), table.end(), [&](const ChatCommand& c) { return c.name == name; });
  if (row == table.end()) return unknown_command(name.substr(0, name.find('\n')));
  for (std::size_t i = 1; i < words.size(); ++i)
    parsed.arguments.words.push_back(line.substr(words[i].first, words[i].second));
  if (parsed.arguments.count() < row->least || parsed.arguments.count() > row->most) return Error{usage(*row)};
  parsed.command = &*row;
  parsed.arguments.line = line;
  return parsed;
}

std::vector<std::string> help_lines() {
  std::vector<std::string> lines;
  for (const auto& command : chat_commands()) {
    std::string line = std::string(command.name) + " " + std::string(command.arguments);
    line.resize(std::max<std::size_t>(line.size() + 1, 40), ' ');
    lines.push_back(line + std::string(command.help));
  }
  lines.emplace_back("A line without / goes to the open conversation; // sends a text that begins with /.");
  lines.emplace_back("A message shows time, place, id, author and text; /edit and /delete take the id.");
  lines.emplace_back("A pasted text of several lines is one message; \u23ce shows its line breaks.");
  lines.emplace_back("Ctrl-C clears the line; on an empty line it ends the chat, as Ctrl-D and /quit do.");
  return lines;
}

}  // namespace parley::cli
