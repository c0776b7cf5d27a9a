// The cases that @colyseus/schema has as well. It has no transport: what its encoder returns is what players get.
import { Decoder, Encoder, getDecoderStateCallbacks, StateView, schema, t } from "@colyseus/schema";
import { GridRule } from "../../dist/object/interest/grid-rule.js";
import { FIRST_RULE, Visibility } from "../../dist/object/interest/visibility.js";
import { quartiles, timeOf } from "./clock.mjs";
import { Moves } from "./moves.mjs";

Encoder.BUFFER_SIZE = 4 * 1024 * 1024;

const Body = schema({ x: t.float32(), y: t.float32() }, "Body");

export function state({ objects = 1000, listeners = 0, seconds = 1 }) {
  const State = schema({ bodies: t.array(Body) }, "State");
  const near = new State();
  const encoder = new Encoder(near);
  const bodies = Array.from({ length: objects }, () => {
    const body = new Body();
    body.x = body.y = 0.5;
    near.bodies.push(body);
    return body;
  });
  const far = new State();
  const decoder = new Decoder(far);
  let heard = 0;
  if (listeners) {
    const callbacks = getDecoderStateCallbacks(decoder);
    callbacks(far).bodies.onAdd((body) => {
      for (const name of ["x", "y"]) callbacks(body).listen(name, () => heard++, false);
    });
  }
  decoder.decode(encoder.encodeAll().slice());
  encoder.discardChanges();
  const round = (n) => {
    const set = timeOf(() => {
      for (let index = 0; index < bodies.length; index++) {
        const body = bodies[index];
        body.x = index + (n % 900);
        body.y = index - (n % 900);
      }
    });
    let message;
    const encode = timeOf(() => {
      message = encoder.encode();
      encoder.discardChanges();
    });
    // What is sent has to stay as it is, and the encoder uses its memory again.
    const copy = timeOf(() => {
      message = message.slice();
    });
    const decode = timeOf(() => decoder.decode(message));
    const sent = 1000 * (encode + copy);
    return { set: 1000 * set, encode: 1000 * encode, sent, decode: 1000 * decode, bytes: message.length };
  };
  const times = quartiles(round, seconds);
  for (const [index, body] of bodies.entries()) {
    if (far.bodies[index].x !== body.x || far.bodies[index].y !== body.y) throw new Error("wrong values came");
  }
  if (listeners && heard === 0) throw new Error("no listener was called");
  return times;
}

/** A view for each player, which a grid, the one of this library, fills. */
export function ground({ objects = 10_000, players = 200, seen = 100, moving = 0.1, seconds = 1 }) {
  const moves = new Moves({ objects, seen, moving });
  const State = schema({ bodies: t.map(Body).view() }, "State");
  const near = new State();
  const encoder = new Encoder(near);
  const bodies = Array.from({ length: objects }, (_, item) => {
    const body = new Body();
    body.x = moves.x[item];
    body.y = moves.y[item];
    near.bodies.set(String(item), body);
    return body;
  });
  const views = Array.from({ length: players }, () => new StateView());
  const visibility = new Visibility();
  const rule = new GridRule(visibility, 1 << FIRST_RULE, moves.sight);
  const sink = {
    entered: (player, item) => views[player].add(bodies[item]),
    left: (player, item) => views[player].remove(bodies[item]),
  };
  const place = new Float64Array(3);
  const look = (item) => {
    place[0] = moves.x[item];
    place[1] = moves.y[item];
    rule.moveItem(item, place);
    if (item < players) rule.moveCentre(item, place);
  };
  let bytes = 0;
  const encode = () => {
    const iterator = { offset: 0 };
    encoder.encode(iterator);
    const shared = iterator.offset;
    bytes = 0;
    for (const view of views) bytes += encoder.encodeView(view, shared, iterator).length;
    encoder.discardChanges();
  };
  for (let item = 0; item < objects; item++) look(item);
  visibility.takeChanges(sink);
  encode();
  const round = () => {
    moves.next();
    const set = timeOf(() => {
      for (const item of moves.moved) {
        const body = bodies[item];
        body.x = moves.x[item];
        body.y = moves.y[item];
      }
    });
    const send = timeOf(() => {
      for (const item of moves.moved) look(item);
      visibility.takeChanges(sink);
      encode();
    });
    return { set, send, whole: set + send, bytes };
  };
  return quartiles(round, seconds);
}
