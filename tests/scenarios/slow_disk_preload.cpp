// Before libc (ld.so(8), LD_PRELOAD) in a node whose disk is to be slow: while the file $PARLEY_SLOW_DISK.PID is there,
// each fdatasync(2) takes five seconds longer.
#include <dlfcn.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

extern "C" int fdatasync(int fd) {
  using Call = int (*)(int);
  static const Call real = reinterpret_cast<Call>(::dlsym(RTLD_NEXT, "fdatasync"));
  const char* const prefix = std::getenv("PARLEY_SLOW_DISK");
  char path[4096];
  if (prefix != nullptr) {
    std::snprintf(path, sizeof path, "%s.%d", prefix, static_cast<int>(::getpid()));
    const timespec longer{5, 0};
    if (::access(path, F_OK) == 0) ::nanosleep(&longer, nullptr);
  }
  return real(fd);
}
