#pragma once

#include "driver.h"
#include "options.h"

/// Returns every message to its sender until the last connection has closed (or, with --seconds, for that long).
void RunEcho(Driver& driver, const Options& options);
/// Round trips of one message: --port --count --size --warmup.
void RunPing(Driver& driver, const Options& options);
/// Sends as fast as GNS takes it until the other end closes: --port --size --reliable 0|1 --batch --in-flight.
void RunFlood(Driver& driver, const Options& options);
/// Counts what arrives from one flood after a warm-up of --warmup seconds for --seconds, then closes.
void RunSink(Driver& driver, const Options& options);
/// --connections clients that each send --size bytes --hz times a second for --seconds and count the answers.
void RunSwarm(Driver& driver, const Options& options);
/// Sends one reliable message for each size in the file --sizes (u32, little-endian), content from --seed.
void RunSend(Driver& driver, const Options& options);
/// Receives --count reliable messages and reports their hash.
void RunReceive(Driver& driver, const Options& options);
