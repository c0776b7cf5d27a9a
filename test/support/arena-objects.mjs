/** What is to be the same on both sides, by the numbers of objects. A page has it as a text: it is whole by itself. */
export function describeObjects(objects) {
  const described = {};
  for (const { behaviours, netId } of objects) {
    const { pickUp, pilot, ship } = behaviours;
    if (pilot) described[netId] = [pilot.name, pilot.kills, pilot.deaths, pilot.stars];
    if (pickUp) described[netId] = [pickUp.kind, pickUp.position.x, pickUp.position.y];
    if (ship)
      described[netId] = [ship.pilot.value?.name, ship.health, ship.isCharged, ship.position.x, ship.position.y];
  }
  return described;
}
