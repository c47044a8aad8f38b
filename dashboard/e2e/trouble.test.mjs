// What people see while the kit's disk is full or cannot be written, and that their reports arrive when it can again.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { assertClean, launch, live, mapDrawn, newContext, open, until } from './browser.mjs';
import { draft, Kit } from './kit.mjs';

let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

const note = draft('create_node', { layer_id: 'notes', node_type: 'note', transform: { position: [9.5215, 47.141] }, properties: { title: 'First' } });

/** Runs a command that not every machine allows; says whether it did. */
function may(...command) {
  try {
    execFileSync(command[0], command.slice(1), { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

async function report(page, title) {
  await page.locator('nav button', { hasText: 'Report' }).click();
  await page.locator('.kinds button', { hasText: 'Hazard' }).click();
  await page.getByLabel('In a few words').fill(title);
  await page.getByRole('button', { name: 'Send report' }).click();
}

/** A disk that goes wrong and well again, as seen from phone and desk. */
async function shown({ kit, size, state, headline, spoil, mend }) {
  const context = await newContext(browser, size);
  const page = await open(context, kit, '#space=valley&map=15/47.141/9.5215');
  await mapDrawn(page);
  assert.equal(await page.locator('.trouble').count(), 0);
  const header = await page.locator('header').boundingBox();
  context.kitIsDown = true; // the browser notes answers of 503 and 507
  await spoil();
  const title = `Bridge out, ${state}, ${size}`;
  await report(page, title);
  await page.getByText('The box cannot store it now').waitFor();
  const banner = page.locator('.trouble.bad');
  await banner.getByText(headline).waitFor({ timeout: 20_000 });
  await banner.getByText(/New reports wait on your phone: nothing is lost/).waitFor();
  await page.getByText('1 report waiting to be handed over').waitFor();
  assert.equal((await kit.json('/api/v1/status')).state, state);
  assert.equal((await fetch(`${kit.origin}/healthz`)).status, 503);
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `trouble-${state}-${size}.png`) });
  // It covers nothing of the page, and leaves room when it is folded.
  const box = await banner.boundingBox();
  assert.ok((await page.locator('header').boundingBox()).y >= box.y + box.height, 'the banner lies over the header');
  await banner.getByRole('button', { name: 'Less' }).click();
  await until(async () => (await banner.boundingBox()).height <= 64, 'a banner of one or two lines');
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `trouble-${state}-${size}-folded.png`) });
  // Who comes meanwhile sees it at once, and the map.
  const other = await newContext(browser, 'phone');
  other.kitIsDown = true;
  const second = await open(other, kit, '#space=valley');
  await second.locator('.trouble.bad').getByText(headline).waitFor();
  await other.close();

  await mend();
  await banner.waitFor({ state: 'detached', timeout: 30_000 });
  await page.locator('.waiting').waitFor({ state: 'detached', timeout: 30_000 });
  await until(async () => (await kit.events('valley')).some(({ properties }) => properties?.title === title), 'the report at the kit');
  await until(async () => (await page.locator('header').boundingBox()).y === header.y, 'the page as it was');
  context.kitIsDown = false;
  await live(page);
  assertClean(context);
  await context.close();
}

test('a full disk is said on the page, and reports go when there is room', async (t) => {
  const kit = new Kit('Camp Full');
  mkdirSync(kit.data);
  if (!may('mount', '-t', 'tmpfs', '-o', 'size=768m', 'tmpfs', kit.data)) {
    rmSync(kit.folder, { recursive: true });
    t.skip('this machine lets nobody mount a disk of its own; kit/api tries a full disk in a namespace');
    return;
  }
  try {
    await kit.start();
    await kit.post(note);
    const filler = join(kit.data, 'filler');
    const fill = () => {
      for (let size = 8 << 20, n = 0; size >= 1024; n += 1) {
        try {
          writeFileSync(`${filler}${n}`, Buffer.alloc(size));
        } catch {
          size >>= 1;
        }
      }
    };
    const free = () => execFileSync('sh', ['-c', 'rm -f "$0"*', filler]);
    for (const size of ['phone', 'desktop']) {
      await shown({ kit, size, state: 'full', headline: 'The box’s disk is full.', spoil: fill, mend: free });
    }
  } finally {
    await kit.kill();
    may('umount', kit.data);
    await kit.stop();
  }
});

test('a disk that cannot be written is said on the page, and reports go when it can', async (t) => {
  const kit = await new Kit('Camp Locked').start();
  const files = ['kit.db', 'kit.db-wal'].map((name) => join(kit.data, name));
  try {
    await kit.post(note);
    if (!may('chattr', '+i', ...files)) {
      t.skip('this machine lets nobody lock a file; kit/coordinator tries a store that says it is read-only');
      return;
    }
    may('chattr', '-i', ...files);
    for (const size of ['phone', 'desktop']) {
      await shown({
        kit, size, state: 'read-only', headline: 'The box cannot write to its disk.',
        spoil: () => may('chattr', '+i', ...files), mend: () => may('chattr', '-i', ...files),
      });
    }
  } finally {
    may('chattr', '-i', ...files);
    await kit.stop();
  }
});
