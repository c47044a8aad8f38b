/**
 * The CPU that two CRDT libraries need for the operations of a trace: Yjs applies an update an operation, one by one; Loro imports
 * all in one batch. Events come on stdin as JSON lines (create_node and set_properties); their parsing, and the making of the
 * updates, is not counted. Prints {"yjs":milliseconds,"loro":milliseconds,"operations":n}.
 */
import { createInterface } from 'node:readline';

import { LoroDoc, LoroMap } from 'loro-crdt';
import * as Y from 'yjs';

const operations = [];
for await (const line of createInterface({ input: process.stdin })) {
  const event = JSON.parse(line);
  operations.push({ node: event.node_id ?? event.event_id, isNew: !event.node_id, values: Object.entries(event.properties) });
}

/** Milliseconds of CPU, user and system, all threads. */
function cpu(work) {
  globalThis.gc?.();
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function yjs() {
  const source = new Y.Doc();
  const updates = [];
  source.on('update', (update) => updates.push(update));
  const nodes = source.getMap('nodes');
  for (const { node, isNew, values } of operations) {
    source.transact(() => {
      const map = isNew ? new Y.Map() : nodes.get(node);
      for (const [name, value] of values) map.set(name, value);
      if (isNew) nodes.set(node, map);
    });
  }
  const target = new Y.Doc();
  const milliseconds = cpu(() => {
    for (const update of updates) Y.applyUpdate(target, update);
  });
  return [milliseconds, target.getMap('nodes').size];
}

function loro() {
  const source = new LoroDoc();
  const nodes = source.getMap('nodes');
  const maps = new Map();
  for (const { node, isNew, values } of operations) {
    if (isNew) maps.set(node, nodes.setContainer(node, new LoroMap()));
    for (const [name, value] of values) maps.get(node).set(name, value);
    source.commit();
  }
  const batch = source.export({ mode: 'update' });
  const target = new LoroDoc();
  const milliseconds = cpu(() => target.import(batch));
  return [milliseconds, Object.keys(target.getMap('nodes').toJSON()).length];
}

const created = operations.filter((o) => o.isNew).length;
const [yjsTime, yjsNodes] = yjs();
const [loroTime, loroNodes] = loro();
if (yjsNodes !== created || loroNodes !== created) {
  throw new Error(`${created} nodes, Yjs has ${yjsNodes}, Loro ${loroNodes}`);
}
process.stdout.write(`${JSON.stringify({ yjs: yjsTime, loro: loroTime, operations: operations.length })}\n`);
