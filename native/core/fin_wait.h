#pragma once
#include <string>

#include "core/state.h"

namespace vs {

// Closes a connection in GNS. Until its peer confirms that, for 5 s at most, GNS repeats the notice and the connection
// has one of the 8191 places of the process (FinWait). One that came in over IP and was never accepted gives its place
// back in the next poll: while its peer has not heard of the refusal it asks again, and is refused again. Of the others
// kMaxFinWaits may wait, and then the oldest give way. The lock is held by the caller.
void CloseInGns(State& state, Handle handle, int reason, const std::string& debug);

// Whether GNS still waits for the peer to confirm a close. A shared library does not tell, so it always waits there.
bool IsInFinWait(Handle handle);

// How many connections have a place in GNS although they are closed.
size_t CountFinWaits(State& state);

constexpr size_t kMaxFinWaits = 1024;

}  // namespace vs
