#pragma once
#include <string>

#include "core/state.h"

namespace vs {

// Closes a connection in GNS. GNS answers the packets of a closed connection for 5 s more (FinWait), so that its peer
// learns of the close even if the first notice is lost; so long it has one of the 8191 places of the process. One that
// came in over IP and was never accepted gives its place back in the next poll: while its peer has not heard of the
// refusal it asks again, and is refused again. Of the others kMaxFinWaits may wait, and then the oldest give way. The
// lock is held by the caller.
void CloseInGns(State& state, Handle handle, int reason, const std::string& debug);

constexpr size_t kMaxFinWaits = 1024;

}  // namespace vs
