import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { assertClean, launch, live, mapDrawn, newContext, open, panel, until } from './browser.mjs';
import { BINARY, hazard, Kit } from './kit.mjs';
import { drawJpeg, sizeOf, withExif } from './pictures.mjs';

// Where to put pictures of the page, for people to look at; nowhere unless told.
const SHOTS = process.env.MEDIA_SHOTS;

let kit, browser, camera, large;

before(async () => {
  kit = await new Kit('Camp Media').start();
  await kit.post(hazard('First', [9.5215, 47.141]));
  browser = await launch();
  camera = withExif(await drawJpeg(browser, 3000, 1200), 6);
  large = await drawJpeg(browser, 2000, 1500, { noise: true });
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
const bytesOf = async (hash) => Buffer.from(await (await kit.get(`/objects/sha256/${hash.replace('sha256:', '')}`)).arrayBuffer());
const stateOf = async (hash) => (await kit.json(`/api/v1/media?hash=${hash}`)).media[0];
const named = (title) => (event) => event.properties?.title === title;
const photoOf = async (id) =>
  (await kit.events('valley')).find((event) => event.node_id === id && event.scope.authority === 'source');

async function report(page, title, picture) {
  await page.locator('nav button', { hasText: 'Report' }).click();
  await page.locator('.kinds button', { hasText: 'Hazard' }).click();
  await page.getByLabel('In a few words').fill(title);
  await page.getByLabel('Choose a picture').setInputFiles({ name: 'IMG_1.jpg', mimeType: 'image/jpeg', buffer: picture });
  await page.getByAltText('The photo that goes with the report').waitFor();
}

function operator(...args) {
  return execFileSync(BINARY, ['media', ...args, '--data', kit.data], { stdio: 'pipe' }).toString();
}

for (const [size, colorScheme] of [['phone', 'light'], ['desktop', 'dark']]) {
  test(`a report with a photo, on a ${size}`, async () => {
    const context = await newContext(browser, size, { colorScheme });
    const page = await open(context, kit, '#space=valley&map=15/47.141/9.5215');
    await mapDrawn(page);
    const title = `Bridge gone, ${size}`;
    await page.locator('nav button', { hasText: 'Report' }).click();
    await page.locator('.kinds button', { hasText: 'Hazard' }).click();
    assert.equal(await page.getByLabel('Take a photo').count(), size === 'phone' ? 1 : 0);
    await page.getByRole('button', { name: 'Close' }).click();
    await report(page, title, camera);
    await page.getByText('Place and time of the camera').scrollIntoViewIfNeeded();
    await shot(page, `form-${size}`);
    await page.getByRole('button', { name: 'Send report' }).click();
    await page.getByText('Your report is stored at the box.').waitFor();

    const node = (await kit.events('valley')).find(named(title));
    await until(async () => (await photoOf(node.event_id)) !== undefined, 'the event that names the photo');
    const event = await photoOf(node.event_id);
    kit.verify([event]);
    assert.deepEqual(event.previous_events, [node.event_id]);
    assert.equal(event.media.type, 'image/jpeg');
    await until(async () => (await stateOf(event.media.hash)).state === 'here', 'the bytes');
    const bytes = await bytesOf(event.media.hash);
    assert.equal(`sha256:${hashOf(bytes)}`, event.media.hash);
    assert.equal(bytes.includes('Exif'), false, 'the place is still in it');
    assert.deepEqual(sizeOf(bytes), { width: 819, height: 2048 }, 'upright and smaller');
    await page.locator('.waiting').waitFor({ state: 'detached' });

    // The kit makes it smaller, and says so; the page shows that, with one entry in the history, not three.
    await until(async () => (await stateOf(event.media.hash)).preview !== undefined, 'the preview');
    assert.deepEqual(sizeOf(await bytesOf((await stateOf(event.media.hash)).preview.hash)), { width: 512, height: 1280 });
    if (size === 'phone') await panel(page, 'Latest');
    const row = page.locator('.panel li', { hasText: title });
    await until(() => row.locator('img').evaluateAll(([img]) => img?.naturalWidth === 102), 'the thumbnail in the list');
    await shot(page, `list-${size}`);
    await row.locator('button').click();
    const image = page.getByAltText(`Photo: ${title}`);
    await until(() => image.evaluate((img) => img.complete && img.naturalHeight === 1280), 'the preview in the detail');
    await page.getByText('Photo attached').waitFor();
    assert.equal(await page.locator('.panel ol li').count(), 2);
    await shot(page, `detail-${size}`);
    const [full] = await Promise.all([context.waitForEvent('page'), page.locator('.picture').click()]);
    await full.waitForLoadState();
    assert.equal(await full.evaluate(() => document.images[0]?.naturalHeight), 2048);
    assertClean(context);
    await context.close();
  });
}

test('an upload that is cut off goes on where it stopped, also when kit and page were started anew', async () => {
  const context = await newContext(browser, 'phone');
  const offsets = [];
  await context.route('**/objects/**', async (route) => {
    const offset = route.request().headers()['upload-offset'];
    if (offset !== undefined) {
      offsets.push(Number(offset));
      await new Promise((done) => setTimeout(done, 400)); // a narrow link
    }
    await route.continue().catch(() => undefined);
  });
  let page = await open(context, kit, '#space=valley&map=15/47.141/9.5215');
  await mapDrawn(page);
  await report(page, 'Cut off', large);
  await page.getByRole('button', { name: 'Send report' }).click();
  await page.getByText('Your report is stored at the box.').waitFor();
  const node = (await kit.events('valley')).find(named('Cut off'));
  await until(async () => (await photoOf(node.event_id)) !== undefined, 'the event');
  const { hash, size } = (await photoOf(node.event_id)).media;
  await until(async () => ((await stateOf(hash)).offset ?? 0) > 500_000, 'some of the bytes');
  context.kitIsDown = true;
  await kit.kill();
  await page.locator('.connection.lost').waitFor();
  await page.getByText('1 photo waiting to be handed over').click();
  await page.getByText(/\d+ % is handed over, the rest waits/).waitFor();
  await shot(page, 'waiting-phone');
  await page.close();
  await new Promise((done) => setTimeout(done, 1000)); // a piece that was under way must find no kit
  await kit.start();
  const kept = (await stateOf(hash)).offset;
  assert.ok(kept > 500_000 && kept < size, `${kept} of ${size}`);
  offsets.length = 0;
  page = await open(context, kit, '#space=valley');
  context.kitIsDown = false;
  await until(async () => (await stateOf(hash)).state === 'here', 'the rest', 30_000);
  assert.equal(offsets[0], kept, 'it did not go on where it stopped');
  assert.equal(`sha256:${hashOf(await bytesOf(hash))}`, hash);
  await page.locator('.waiting').waitFor({ state: 'detached' });
  assertClean(context);
  await context.close();
});

test('a photo that is refused says why and can be dismissed', async () => {
  const context = await newContext(browser, 'phone');
  const page = await open(context, kit, '#space=valley&map=15/47.141/9.5215');
  await mapDrawn(page);
  const one = await drawJpeg(browser, 700, 500, { noise: true });
  await report(page, 'To be withdrawn', one);
  context.kitIsDown = true;
  await kit.kill();
  await page.getByRole('button', { name: 'Send report' }).click();
  await page.getByText('No connection: your report is kept').first().waitFor();
  await kit.start();
  await live(page);
  await until(async () => (await kit.events('valley')).some(named('To be withdrawn')), 'the report');
  const node = (await kit.events('valley')).find(named('To be withdrawn'));
  await until(async () => (await photoOf(node.event_id)) !== undefined, 'the event');
  const { hash } = (await photoOf(node.event_id)).media;
  await until(async () => (await stateOf(hash)).state === 'here', 'the bytes');
  operator('withdraw', hash, '--reason', 'shows a face');
  assert.equal((await fetch(`${kit.origin}/objects/sha256/${hash.slice(7)}`)).status, 410);
  // The same picture once more: the kit says no, and the page says why.
  await report(page, 'Once more', one);
  await page.getByRole('button', { name: 'Send report' }).click();
  await page.getByText('1 photo was refused').click();
  await page.getByText('The kit does not take the photo: shows a face').waitFor();
  await shot(page, 'refused-phone');
  await page.getByRole('button', { name: 'Delete this photo' }).click();
  await page.locator('.waiting').waitFor({ state: 'detached' });
  await context.close();
});
