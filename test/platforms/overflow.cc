// Writes as many bytes as its argument says into a buffer of 16 on the stack. It prints the canary first.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

extern "C" uintptr_t __stack_chk_guard;

__attribute__((noinline)) static int Fill(int count) {
  char buffer[16];
  for (int i = 0; i < count; i++) static_cast<volatile char*>(buffer)[i] = 'x';
  return static_cast<volatile char*>(buffer)[0];
}

int main(int, char** arguments) {
  printf("%llx\n", static_cast<unsigned long long>(__stack_chk_guard));
  fflush(stdout);
  return Fill(atoi(arguments[1])) == 'x' ? 0 : 1;
}
