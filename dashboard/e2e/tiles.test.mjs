import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { assertClean, countPixels, launch, mapDrawn, newContext, open, panel, until } from './browser.mjs';
import { draft, hazard, Kit } from './kit.mjs';
import { fill, LONE, SPACE } from './many.mjs';

const HAZARD = [0xc2, 0x41, 0x0c];
const NEED = [0xa2, 0x14, 0x63];
/** The middle of the map that the panels leave, and what lies around it. */
const MIDDLE = { phone: [180, 380], desktop: [816, 366] };
const around = ([x, y], reach = 60) => ({ x: x - reach, y: y - reach, width: 2 * reach, height: 2 * reach });
let kit, browser, count;

before(async () => {
  kit = await new Kit('Camp Many').start();
  count = fill(kit);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await kit?.stop();
});

/** A page that notes what it asks the kit for. */
async function visit(size, view, more = {}) {
  const context = await newContext(browser, size, { reducedMotion: 'reduce', ...more });
  const asked = [];
  context.on('request', (request) => asked.push(new URL(request.url())));
  const page = await open(context, kit, `#space=${SPACE}&map=${view}`);
  await mapDrawn(page);
  return { context, page, asked };
}

const at = ([lon, lat], zoom) => `${zoom}/${lat}/${lon}`;

for (const size of ['phone', 'desktop']) {
  test(`a thing of thousands is drawn from tiles and opens at a tap (${size})`, async () => {
    const { context, page, asked } = await visit(size, at(LONE.position, 16));
    const box = around(MIDDLE[size]);
    await until(async () => (await countPixels(page, box, HAZARD)) > 60, 'the sign of the lone hazard');
    assert.match(await page.locator('body').innerText(), /Live/);
    const [x, y] = MIDDLE[size];
    await (size === 'phone' ? page.touchscreen.tap(x, y) : page.mouse.click(x, y));
    await page.locator('.panel h3', { hasText: LONE.title }).waitFor();
    await page.locator('.panel', { hasText: 'Extreme' }).waitFor();
    const states = asked.filter(({ pathname }) => pathname.endsWith('/state'));
    assert.ok(states.length > 0);
    for (const { search } of states) assert.match(search, /latest=\d+/, `all of the state was asked for: ${search}`);
    const tiles = asked.filter(({ pathname }) => pathname.includes('/tiles/'));
    assert.ok(tiles.length > 0 && tiles.length < 30, `${tiles.length} tiles`);
    assert.equal(asked.filter(({ pathname }) => pathname.includes('/nodes/')).length, 1);
    assertClean(context);
    await context.close();
  });
}

test('a report of another is on the map at once, stays, and goes when it is deleted', async (t) => {
  const place = [9.3105, 47.0605];
  const { context, page, asked } = await visit('phone', at(place, 16));
  const box = around(MIDDLE.phone);
  await until(() => asked.some(({ pathname }) => pathname.includes('/tiles/')), 'tiles');
  assert.equal(await countPixels(page, box, HAZARD), 0);
  const [made] = await kit.post(hazard('Mast down', place, { space_id: SPACE }));
  const drawn = await until(async () => (await countPixels(page, box, HAZARD)) > 60, 'the new sign');
  t.diagnostic(`drawn after ${Math.round(drawn)} ms`);
  // What the page draws by itself of what has just come is over by then: now it is the tile's.
  await page.waitForTimeout(4500);
  assert.ok((await countPixels(page, box, HAZARD)) > 60, 'the tile has it');
  await kit.post(draft('set_properties', { space_id: SPACE, node_id: made.event_id, tile: made.tile, previous_events: [made.event_id], properties: { state: 'gone' } }));
  await until(async () => (await countPixels(page, box, HAZARD)) < 60, 'the sign steps back', 5000);
  await kit.post(draft('delete_node', { space_id: SPACE, node_id: made.event_id, tile: made.tile, previous_events: [made.event_id] }));
  await page.waitForTimeout(4500);
  await page.touchscreen.tap(...MIDDLE.phone);
  await page.locator('.panel h2', { hasText: 'New report' }).waitFor(); // as where nothing is
  const tiles = asked.filter(({ pathname }) => pathname.includes('/tiles/'));
  assert.ok(tiles.length < 40, `${tiles.length} tiles for three events`);
  assertClean(context);
  await context.close();
});

test('a burst of events costs a request for each tile a second', async () => {
  const { context, page, asked } = await visit('phone', at([9.3155, 47.0655], 15));
  await page.waitForTimeout(1500);
  const before = asked.length;
  const now = Math.floor(Date.now() / 1000);
  const drafts = Array.from({ length: 200 }, (_, i) => {
    const place = [9.3155 + (i % 20) * 1e-5, 47.0655 + i * 1e-5].map((degrees) => Number(degrees.toFixed(7)));
    // Seconds apart, so that the list has the last on top.
    return hazard(`Burst ${i}`, place, { space_id: SPACE, timestamp: now + Math.floor(i / 20) });
  });
  const started = performance.now();
  for (let i = 0; i < drafts.length; i += 20) await kit.post(...drafts.slice(i, i + 20));
  const seconds = (performance.now() - started) / 1000;
  await page.waitForTimeout(3000);
  const tiles = asked.slice(before).filter(({ pathname }) => pathname.includes('/tiles/')).length;
  assert.ok(tiles > 0 && tiles <= 4 * (seconds + 4), `${tiles} tiles in ${seconds + 3} s`);
  await panel(page, 'Latest');
  await page.locator('.panel li', { hasText: 'Burst 199' }).waitFor();
  assertClean(context);
  await context.close();
});

test("one's own report is drawn while it waits, and when the kit has it", async () => {
  const place = [9.3205, 47.0705];
  const { context, page } = await visit('desktop', at(place, 16));
  const before = (await kit.json('/api/v1/spaces')).spaces.find(({ id }) => id === SPACE).nodes;
  await page.getByRole('button', { name: 'Report' }).first().click();
  await page.locator('.kinds button', { hasText: 'Need' }).click();
  await page.getByLabel('In a few words').fill('Drinking water');
  await page.getByRole('button', { name: /send/i }).click();
  await until(async () => (await kit.json('/api/v1/spaces')).spaces.find(({ id }) => id === SPACE).nodes === before + 1, 'the kit has it');
  await page.waitForTimeout(4500);
  assert.ok((await countPixels(page, around(MIDDLE.desktop), NEED)) > 60, 'it is drawn');
  assert.ok(count > 5000);
  assertClean(context);
  await context.close();
});
