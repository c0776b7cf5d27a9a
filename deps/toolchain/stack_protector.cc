// What the stack protector of the shipped binary calls and compares with. zig has both in its run-time library, which
// hides those of the C library: its canary is the same in every process, and its failure ends the process without a
// word.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(_WIN32)
#include <windows.h>
#elif defined(__APPLE__)
#include <sys/random.h>
#else
#include <unistd.h>
#endif

extern "C" {

// On Linux x64 the canary is the thread's, from the C library.
uintptr_t __stack_chk_guard = 0x0aff0000;

[[noreturn]] void __stack_chk_fail() {
  // scripts/binary.py looks for this text.
  fputs("valve-sockets: a buffer on the stack has overflowed\n", stderr);
  abort();
}
}

namespace {

// Before the other constructors, none of which is on the stack then.
__attribute__((constructor(101), no_stack_protector)) void ChooseCanary() {
  uintptr_t canary = 0;
#if defined(_WIN32)
  // As Microsoft's compiler does: Windows' random numbers may not be asked for while a library is loaded.
  FILETIME time;
  LARGE_INTEGER count;
  GetSystemTimeAsFileTime(&time);
  QueryPerformanceCounter(&count);
  canary = reinterpret_cast<uintptr_t>(&__stack_chk_guard) ^ (uintptr_t{GetCurrentProcessId()} << 32) ^
           (uintptr_t{time.dwLowDateTime} << 24) ^ (static_cast<uintptr_t>(count.QuadPart) * 0x9e3779b97f4a7c15);
#else
  if (getentropy(&canary, sizeof(canary)) != 0) return;
#endif
  // Its first byte is 0, which no overflow by a string gets past.
  __stack_chk_guard = canary & ~uintptr_t{0xff};
}

}  // namespace
