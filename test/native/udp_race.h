#pragma once

// Two threads, each with a UDP socket and the thread that watches it, answer each other's datagrams. The first that has
// received enough closes its socket while the other one still sends. Returns false when none received enough.
bool TalkOverUdp();
