let isWatching = false;

/**
 * Has a process that a `Supervisor` has started end as on a SIGTERM when the supervisor's process is gone, however it
 * ended: nobody would start it again, and it would keep its ports. Does nothing in other processes.
 */
export function endWithParent(): void {
  if (isWatching || process.env.VALVE_SOCKETS_WORKER === undefined || process.connected === undefined) return;
  isWatching = true;
  const end = () => process.kill(process.pid, "SIGTERM");
  if (process.connected) process.once("disconnect", end);
  else end();
}
