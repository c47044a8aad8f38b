import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { assertClean, launch, mapDrawn, newContext, open, until } from './browser.mjs';
import { BINARY, draft, hazard, Kit } from './kit.mjs';
import { drawJpeg } from './pictures.mjs';

// Where to put pictures of the page, for people to look at; nowhere unless told.
const SHOTS = process.env.MEDIA_SHOTS;

let kit, browser;

before(async () => {
  kit = await new Kit('Camp Media').start();
  await kit.post(hazard('First', [9.5215, 47.141]));
  browser = await launch();
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
});

after(async () => {
  await browser?.close();
  await kit?.stop();
});

async function shot(page, name) {
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}.png` });
}

const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Another client's thing with a file, whose bytes have not come. */
async function attach(title, bytes, type, members = {}) {
  const [node] = await kit.post(hazard(title, [9.5215, 47.141], { actor_id: 'user:anna' }));
  const [event] = await kit.post(draft('set_media', {
    actor_id: 'user:anna', node_id: node.event_id, tile: node.tile, previous_events: [node.event_id], timestamp: node.timestamp,
    clock: [node.clock[0], node.clock[1] + 1],
    media: { hash: `sha256:${hashOf(bytes)}`, type, size: bytes.length }, ...members,
  }));
  return { node, event };
}

async function bring(bytes, offset = 0, end = bytes.length) {
  const response = await fetch(`${kit.origin}/objects/sha256/${hashOf(bytes)}`, {
    method: 'PATCH', headers: { 'Upload-Offset': String(offset) }, body: bytes.subarray(offset, end),
  });
  assert.ok(response.ok, `${response.status} ${await response.text()}`);
}

function operator(...args) {
  return execFileSync(BINARY, ['media', ...args, '--data', kit.data], { stdio: 'pipe' }).toString();
}

for (const [size, colorScheme] of [['phone', 'dark'], ['desktop', 'light']]) {
  test(`what is not here, comes, or was withdrawn says so, on a ${size}`, async () => {
    const context = await newContext(browser, size, { colorScheme });
    const picture = await drawJpeg(browser, size === 'phone' ? 1400 : 1500, 900);
    const { node } = await attach(`By anna, ${size}`, picture, 'image/jpeg');
    const page = await open(context, kit, `#space=valley&map=15/47.141/9.5215&thing=${node.event_id}`);
    await mapDrawn(page);
    await page.getByText('Photo not here yet – anna (name not proven) has it').waitFor();
    await shot(page, `absent-${size}`);
    await bring(picture, 0, Math.floor(picture.length * 0.4));
    await page.getByText(/Photo is on its way: 39 % is here/).waitFor();
    await shot(page, `incoming-${size}`);
    await bring(picture, Math.floor(picture.length * 0.4));
    await until(() => page.getByAltText(`Photo: By anna, ${size}`).evaluate((img) => img.complete && img.naturalWidth > 0), 'the picture');
    operator('withdraw', `sha256:${hashOf(picture)}`, '--reason', 'a child can be recognised');
    await page.reload();
    await mapDrawn(page);
    await page.getByText('Photo withdrawn: a child can be recognised').waitFor();
    await shot(page, `withdrawn-${size}`);
    operator('restore', hashOf(picture));
    await page.getByText('Photo not here yet – anna (name not proven) has it').waitFor();
    // A file that is no picture.
    const pdf = Buffer.from(`%PDF-1.4\n${size}\n%%EOF\n`);
    await kit.post(draft('set_media', {
      node_id: node.event_id, tile: node.tile, previous_events: [node.event_id], timestamp: node.timestamp, slot: 'plan',
      clock: [node.clock[0], node.clock[1] + 1], media: { hash: `sha256:${hashOf(pdf)}`, type: 'application/pdf', size: pdf.length },
    }));
    await bring(pdf);
    await page.getByText(`PDF · ${pdf.length} B`).waitFor();
    await page.locator('a.card').waitFor();
    await shot(page, `file-${size}`);
    assertClean(context);
    await context.close();
  });
}
