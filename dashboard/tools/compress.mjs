// Writes a .gz beside each file of dist, and holds the build to its size: a phone at the edge of the
// WiFi waits for every byte. (No brotli: browsers take it over HTTPS alone.)
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const FIRST_VIEW_BYTES = 60_000;
const ALL_BYTES = 700_000;
/** Compressed already. */
const STORED = new Set(['.woff2', '.png', '.jpg', '.webp']);

const sizes = new Map();
for (const path of files(DIST)) {
  const name = relative(DIST, path);
  const bytes = readFileSync(path);
  if (STORED.has(extname(path))) {
    sizes.set(name, bytes.length);
    continue;
  }
  const packed = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
  writeFileSync(`${path}.gz`, packed);
  sizes.set(name, packed.length);
}

const html = readFileSync(join(DIST, 'index.html'), 'utf8');
const named = [...html.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((match) => match[1]);
const firstView = ['index.html', ...named.filter((name) => sizes.has(name))];
const first = firstView.reduce((sum, name) => sum + sizes.get(name), 0);
const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);

for (const [name, size] of [...sizes].sort((a, b) => b[1] - a[1])) {
  console.log(`${String(size).padStart(8)}  ${name}${firstView.includes(name) ? '  (first view)' : ''}`);
}
console.log(`first view ${first} bytes of ${FIRST_VIEW_BYTES}, everything ${all} of ${ALL_BYTES}`);
if (first > FIRST_VIEW_BYTES || all > ALL_BYTES) {
  console.error('the page is larger than it may be');
  process.exit(1);
}

function* files(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (name === '.gitkeep' || name.endsWith('.gz')) continue;
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}
