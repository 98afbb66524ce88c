#pragma once

#include "cli/chat_commands.hpp"
#include "cli/chat_session.hpp"

namespace parley::cli {

// What the rows of chat_commands.cpp do. The number of words was checked.

// chat_handlers_account.cpp
awaitable<Report> register_command(Chat& chat, Arguments arguments);
awaitable<Report> login_command(Chat& chat, Arguments arguments);
awaitable<Report> logout_command(Chat& chat, Arguments arguments);
awaitable<Report> passwd_command(Chat& chat, Arguments arguments);
awaitable<Report> delete_account_command(Chat& chat, Arguments arguments);
awaitable<Report> users_command(Chat& chat, Arguments arguments);
awaitable<Report> who_command(Chat& chat, Arguments arguments);

// chat_handlers_rooms.cpp
awaitable<Report> open_command(Chat& chat, Arguments arguments);
awaitable<Report> create_command(Chat& chat, Arguments arguments);
awaitable<Report> join_command(Chat& chat, Arguments arguments);
awaitable<Report> leave_command(Chat& chat, Arguments arguments);
awaitable<Report> rooms_command(Chat& chat, Arguments arguments);
awaitable<Report> members_command(Chat& chat, Arguments arguments);
awaitable<Report> topic_command(Chat& chat, Arguments arguments);
awaitable<Report> invite_command(Chat& chat, Arguments arguments);
awaitable<Report> remove_command(Chat& chat, Arguments arguments);

// chat_handlers_messages.cpp
awaitable<Report> msg_command(Chat& chat, Arguments arguments);
awaitable<Report> history_command(Chat& chat, Arguments arguments);
awaitable<Report> read_command(Chat& chat, Arguments arguments);
awaitable<Report> unread_command(Chat& chat, Arguments arguments);
awaitable<Report> search_command(Chat& chat, Arguments arguments);
awaitable<Report> edit_command(Chat& chat, Arguments arguments);
awaitable<Report> delete_command(Chat& chat, Arguments arguments);

// chat_handlers_program.cpp
awaitable<Report> help_command(Chat& chat, Arguments arguments);
awaitable<Report> status_command_line(Chat& chat, Arguments arguments);
awaitable<Report> wait_command(Chat& chat, Arguments arguments);
awaitable<Report> quit_command(Chat& chat, Arguments arguments);

}  // namespace parley::cli
