import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { assertClean, countPixels, launch, mapDrawn, newContext, open, panel, until } from './browser.mjs';
import { Kit } from './kit.mjs';
import { fill, LONE, SPACE, SPOT } from './many.mjs';

const HAZARD = [0xc2, 0x41, 0x0c];
const NEED = [0xa2, 0x14, 0x63];
const GROUP = [0x17, 0x26, 0x3d];
/** The middle of the map that the panels leave, and what lies around it. */
const MIDDLE = { phone: [180, 380], desktop: [816, 366] };
const around = ([x, y], reach = 60) => ({ x: x - reach, y: y - reach, width: 2 * reach, height: 2 * reach });
let kit, browser;

before(async () => {
  kit = await new Kit('Camp Many').start();
  fill(kit);
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
const zoomOf = (page) => Number(/map=([\d.]+)/.exec(page.url())?.[1]);

test('from afar things are groups that open at a tap, to the last', async () => {
  const { context, page } = await visit('desktop', at(SPOT, 10));
  const [x, y] = MIDDLE.desktop;
  await until(async () => (await countPixels(page, around([x, y]), GROUP)) > 150, 'a group');
  assert.equal(await countPixels(page, around([x, y], 25), NEED), 0);
  const from = zoomOf(page);
  await page.mouse.click(x, y);
  await until(() => zoomOf(page) > from + 1, 'the map goes where the group falls apart');
  // They stand on one spot: a tap lists them.
  await until(async () => (await countPixels(page, around([x, y]), NEED)) > 60, 'the needs');
  await page.mouse.click(x, y);
  await page.locator('.panel li', { hasText: 'Spot 11' }).waitFor();
  assert.equal(await page.locator('.panel li', { hasText: /Spot \d/ }).count(), 12);
  await page.locator('.panel li', { hasText: 'Spot 7' }).locator('button').click();
  await page.locator('.panel h3', { hasText: 'Spot 7' }).waitFor();
  assertClean(context);
  await context.close();
});

test('layers are switched off and on, and groups count without them', async () => {
  const { context, page, asked } = await visit('desktop', at(LONE.position, 16));
  const box = around(MIDDLE.desktop);
  await until(async () => (await countPixels(page, box, HAZARD)) > 60, 'the lone hazard');
  await panel(page, 'Layers');
  const row = page.locator('.panel li', { hasText: 'Hazards' });
  assert.match((await row.innerText()).replace(/\D/g, ''), /^1\d{3}$/);
  await row.getByRole('switch').click();
  await until(async () => (await countPixels(page, box, HAZARD)) === 0, 'it is gone');
  await until(() => asked.some(({ search }) => /without=hazards/.test(search)), 'tiles without it');
  await row.getByRole('switch').click();
  await until(async () => (await countPixels(page, box, HAZARD)) > 60, 'it is back');
  assertClean(context);
  await context.close();
});

test('an earlier moment is drawn from tiles', async () => {
  const { context, page, asked } = await visit('desktop', at(LONE.position, 16));
  await until(() => asked.some(({ pathname }) => pathname.includes('/tiles/')), 'tiles of now');
  await page.getByRole('slider').evaluate((slider) => {
    slider.value = '1';
    slider.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await until(() => asked.some(({ pathname, search }) => pathname.includes('/tiles/') && /at=\d+/.test(search)), 'tiles of that moment');
  const box = around(MIDDLE.desktop);
  await until(async () => (await countPixels(page, box, HAZARD)) > 60, 'the lone hazard, which is the first of all');
  const [x, y] = MIDDLE.desktop;
  await page.mouse.click(x, y);
  await page.locator('.panel h3', { hasText: LONE.title }).waitFor();
  for (const { search } of asked.filter(({ pathname }) => pathname.endsWith('/state'))) assert.match(search, /latest=\d+/);
  assertClean(context);
  await context.close();
});

test('search finds what the page does not hold', async () => {
  const { context, page } = await visit('desktop', at(LONE.position, 12));
  await page.getByLabel('Search').fill('lone PINE');
  await page.locator('.panel li', { hasText: LONE.title }).waitFor();
  assert.equal(await page.locator('.panel li').count(), 1);
  await page.getByText('1 found').waitFor();
  await page.getByLabel('Search').fill('');
  await page.getByText(/things, the latest \d+ listed/).waitFor();
  assertClean(context);
  await context.close();
});
