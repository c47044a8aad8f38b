// The real kit as a process: started on a folder of its own, killed, started again at the same address.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
export const BINARY = resolve(process.env.FIELDKIT_BIN ?? join(HERE, '../../bin/fieldkit'));
const START_MS = 60_000;

export class Kit {
  #process = null;
  #listen = '127.0.0.1:0';

  constructor(name) {
    this.name = name;
    this.folder = mkdtempSync(join(tmpdir(), 'fieldkit-e2e-'));
    this.data = join(this.folder, 'data');
    this.keyFile = join(this.folder, 'other.key');
    this.output = '';
  }

  /** Starts it: `serve`, or `demo` with the exercise in it. Resolves when the page answers. */
  async start(command = 'serve') {
    const args = [command, '--data', this.data, '--listen', this.#listen, '--name', this.name];
    const child = spawn(BINARY, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    this.origin = await new Promise((found, failed) => {
      const timer = setTimeout(() => failed(new Error(`the kit did not start:\n${this.output}`)), START_MS);
      createInterface({ input: child.stderr }).on('line', (line) => {
        this.output += `${line}\n`;
        const page = /page=(http:\/\/[^\s"]+)/.exec(line);
        if (page) {
          clearTimeout(timer);
          found(page[1]);
        }
      });
      child.on('exit', (code) => {
        clearTimeout(timer);
        failed(new Error(`the kit ended with ${code}:\n${this.output}`));
      });
    });
    this.#listen = new URL(this.origin).host;
    return this;
  }

  /** As if the plug were pulled. */
  async kill() {
    await this.#end('SIGKILL');
  }

  /** As if the radio faded: connections stay open, and nothing moves on them. */
  freeze() {
    this.#process.kill('SIGSTOP');
  }

  thaw() {
    this.#process.kill('SIGCONT');
  }

  async stop() {
    await this.#end('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #end(signal) {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await ended;
  }

  async get(path) {
    const response = await fetch(this.origin + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  async json(path) {
    return (await this.get(path)).json();
  }

  /** All events of a space, as the kit gives them. */
  async events(space) {
    const text = await (await this.get(`/api/v1/events?space=${encodeURIComponent(space)}&limit=100000`)).text();
    return text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  /** Signs drafts with another client's key, by the kit's own command. */
  sign(drafts) {
    try {
      execFileSync(BINARY, ['event', 'new-key', this.keyFile], { stdio: 'pipe' });
    } catch {
      // It is there from the last time; `sign` says so if it is not.
    }
    const input = drafts.map((draft) => JSON.stringify(draft)).join('\n');
    const out = execFileSync(BINARY, ['event', 'sign', '--key', this.keyFile], { input, stdio: 'pipe' });
    return out.toString().split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  /** Throws unless every event verifies, by the kit's own command. */
  verify(events) {
    const input = events.map((event) => JSON.stringify(event)).join('\n');
    execFileSync(BINARY, ['event', 'verify'], { input, stdio: 'pipe' });
  }

  /** Hands events in as another client would. Returns them signed. */
  async post(...drafts) {
    const events = this.sign(drafts);
    const response = await fetch(`${this.origin}/api/v1/events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(events),
    });
    const answer = await response.json();
    for (const verdict of answer.verdicts ?? []) {
      if (verdict.status === 'refused') throw new Error(`refused: ${JSON.stringify(verdict)}`);
    }
    if (!response.ok) throw new Error(`not taken: ${JSON.stringify(answer)}`);
    return events;
  }
}

/** The draft of an event; what is given replaces what is usual. */
export function draft(operation, members) {
  return {
    operation,
    timestamp: Math.floor(Date.now() / 1000),
    space_id: 'valley',
    layer_id: 'hazards',
    scope: { realm: 'public', authority: 'source', boundary: 'interior', policy: 'public' },
    preserves_invariants: ['adjacency', 'exclusion', 'consistency', 'boundary_discipline', 'authority_nontransfer'],
    previous_events: [],
    ...members,
  };
}

/** The draft of a hazard at a place. */
export function hazard(title, position, members = {}) {
  return draft('create_node', {
    node_type: 'hazard',
    transform: { position },
    properties: { title, severity: 3, ...(members.properties ?? {}) },
    ...Object.fromEntries(Object.entries(members).filter(([name]) => name !== 'properties')),
  });
}
