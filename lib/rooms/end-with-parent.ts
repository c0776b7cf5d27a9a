/** How many want it at present. */
let wishes = 0;
const end = () => process.kill(process.pid, "SIGTERM");

/**
 * Has a process that a `Supervisor` has started end as on a SIGTERM when the supervisor's process is gone, however it
 * ended: nobody would start it again, and it would keep its ports. Does nothing in other processes.
 *
 * @returns it is not wanted any more: the channel to the supervisor keeps the process for nobody
 */
export function endWithParent(): () => void {
  if (process.env.VALVE_SOCKETS_WORKER === undefined || process.connected === undefined) return () => {};
  if (wishes++ === 0) {
    if (process.connected) process.once("disconnect", end);
    else end();
  }
  let isWanted = true;
  return () => {
    if (isWanted && --wishes === 0) process.off("disconnect", end);
    isWanted = false;
  };
}
