#pragma once

// Two threads, each with a UDP socket and the thread that watches it, answer each other's datagrams; the first to have
// seen enough closes its socket while the other one still sends. False: they did not get that far.
bool TalkOverUdp();
