import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { assertClean, launch, live, mapDrawn, newContext, open, panel, until } from './browser.mjs';
import { draft, Kit } from './kit.mjs';

let kit, browser;

before(async () => {
  kit = await new Kit('Camp Report').start();
  await kit.post(draft('create_node', { layer_id: 'notes', node_type: 'note', transform: { position: [9.5215, 47.141] }, properties: { title: 'First' } }));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await kit?.stop();
});

async function fillIn(page, kind, title, severity) {
  await page.locator('nav button', { hasText: 'Report' }).click();
  await page.locator('.kinds button', { hasText: kind }).click();
  await page.getByLabel('In a few words').fill(title);
  if (severity) await page.getByRole('radio', { name: severity }).click();
}

const named = (title) => (event) => event.properties?.title === title;

for (const size of ['phone', 'desktop']) {
  test(`a report made on a ${size} is in the log, verifies and survives kill -9`, async () => {
    const context = await newContext(browser, size);
    const page = await open(context, kit, '#space=valley&map=15/47.141/9.5215');
    await mapDrawn(page);
    const title = `Road under water, ${size}`;
    await fillIn(page, 'Hazard', title, 'Severe');
    await page.getByLabel('More').fill('Ankle deep.\nRising.');
    await page.getByLabel('Your name').fill('Änne');
    await page.getByRole('button', { name: 'Send report' }).click();
    await page.getByText('Your report is stored at the box.').waitFor();

    const event = (await kit.events('valley')).find(named(title));
    kit.verify([event]);
    assert.equal(event.operation, 'create_node');
    assert.equal(event.layer_id, 'hazards');
    assert.equal(event.node_type, 'hazard');
    assert.equal(event.actor_id, 'user:Änne');
    assert.deepEqual(event.properties, { title, text: 'Ankle deep.\nRising.', severity: 3 });
    assert.deepEqual(event.scope, { realm: 'public', authority: 'source', boundary: 'interior', policy: 'public' });
    const [lon, lat] = event.transform.position;
    assert.ok(Math.abs(lon - 9.5215) < 0.001 && Math.abs(lat - 47.141) < 0.001, `at ${lon}, ${lat}`);

    context.kitIsDown = true;
    await kit.kill();
    await page.locator('.connection.lost').waitFor();
    await kit.start();
    assert.ok((await kit.events('valley')).some(named(title)), 'gone after kill -9');
    await live(page);
    context.kitIsDown = false;
    await page.reload();
    await live(page);
    if (size === 'phone') await panel(page, 'Latest');
    await page.locator('.panel li', { hasText: title }).locator('button').click();
    await page.locator('.panel').getByText('You (this browser)').first().waitFor();
    await page.getByText('1 signature checked by this page').waitFor();
    assertClean(context);
    await context.close();
  });
}

test('reports made without the kit wait and go by themselves, also after the tab was closed', async () => {
  const context = await newContext(browser, 'phone');
  const page = await open(context, kit, '#space=valley&map=15/47.141/9.5215');
  await mapDrawn(page);
  context.kitIsDown = true;
  await kit.kill();
  await page.locator('.connection.lost').waitFor();
  for (const title of ['Offline one', 'Offline two']) {
    await fillIn(page, 'Need', title);
    await page.getByRole('button', { name: 'Send report' }).click();
    await page.getByText('kept on this phone').last().waitFor();
    await page.locator('.panel').waitFor({ state: 'detached' });
  }
  await page.getByText('2 reports waiting to be handed over').waitFor();
  await panel(page, 'Latest');
  await page.close();

  await kit.start();
  context.kitIsDown = false;
  const again = await open(context, kit, '#space=valley');
  await until(async () => (await kit.events('valley')).filter(({ properties }) => /^Offline/.test(properties?.title)).length === 2, 'both reports at the kit');
  await again.locator('.waiting').waitFor({ state: 'detached' });
  const reports = (await kit.events('valley')).filter(({ properties }) => /^Offline/.test(properties?.title));
  kit.verify(reports);
  assert.equal(new Set(reports.map(({ signature }) => signature.key)).size, 1, 'one key');
  assertClean(context);
  await context.close();
});

test('a report waits in an open tab and goes when the kit is back', async () => {
  const context = await newContext(browser, 'desktop');
  const page = await open(context, kit, '#space=valley&map=15/47.141/9.5215');
  await mapDrawn(page);
  context.kitIsDown = true;
  await kit.kill();
  await page.locator('.connection.lost').waitFor();
  await fillIn(page, 'Note', 'From an open tab');
  await page.getByRole('button', { name: 'Send report' }).click();
  await page.getByText('1 report waiting to be handed over').waitFor();
  await kit.start();
  await live(page);
  await page.locator('.waiting').waitFor({ state: 'detached' });
  context.kitIsDown = false;
  assert.ok((await kit.events('valley')).some(named('From an open tab')));
  assertClean(context);
  await context.close();
});

test('words are not lost when the sheet is closed, and an empty title is not sent', async () => {
  const context = await newContext(browser, 'phone');
  const page = await open(context, kit, '#space=valley&map=15/47.141/9.5215');
  await mapDrawn(page);
  await fillIn(page, 'Hazard', '');
  await page.getByRole('button', { name: 'Send report' }).click();
  await page.getByText('Say in a few words what it is.').waitFor();
  await page.getByLabel('In a few words').fill('Half a thought');
  await page.goBack();
  await page.locator('.panel').waitFor({ state: 'detached' });
  await page.locator('nav button', { hasText: 'Report' }).click();
  assert.equal(await page.getByLabel('In a few words').inputValue(), 'Half a thought');
  assertClean(context);
  await context.close();
});

test('a refusal is shown in plain words, stays until it is dismissed, and holds nothing else up', async () => {
  mkdirSync(join(kit.data, 'spaces/strict/needs'), { recursive: true });
  writeFileSync(join(kit.data, 'spaces/strict/.ulp-root'), 'title = "Strict camp"\nhome_zoom = 12\n');
  writeFileSync(join(kit.data, 'spaces/strict/needs/.ulp-scope'), 'operations = ["set_properties"]\n');
  await kit.post(draft('create_node', { space_id: 'strict', layer_id: 'notes', node_type: 'note', tile: 'z12/x2156/y1438', transform: { position: [9.5215, 47.141] }, properties: { title: 'First' } }));
  const context = await newContext(browser, 'phone');
  const page = await open(context, kit, '#space=strict&map=15/47.141/9.5215');
  await mapDrawn(page);
  await fillIn(page, 'Need', 'Not allowed here');
  // The kit answers 422 when all it was given is refused; the browser itself notes that on the console.
  context.kitIsDown = true;
  await page.getByRole('button', { name: 'Send report' }).click();
  await page.getByText(/The kit refused the report: .*operation/).first().waitFor();
  await fillIn(page, 'Hazard', 'Allowed here');
  await page.getByRole('button', { name: 'Send report' }).click();
  await page.getByText('Your report is stored at the box.').waitFor();
  context.kitIsDown = false;
  const reports = await kit.events('strict');
  assert.ok(reports.some(named('Allowed here')));
  assert.equal(reports.find(named('Allowed here')).tile.startsWith('z12/'), true, 'home tile of the space');
  assert.ok(!reports.some(named('Not allowed here')));
  await page.getByText('1 report was refused').click();
  await page.getByText('Not allowed here').waitFor();
  await page.getByRole('button', { name: 'Delete this report' }).click();
  await page.locator('.waiting').waitFor({ state: 'detached' });
  assertClean(context);
  await context.close();
});

test('every word on the page is there before the map is', async () => {
  const context = await newContext(browser, 'phone');
  await context.route(/mapview-.*\.js/, (route) => route.abort());
  context.kitIsDown = true; // the browser notes the refused file
  const page = await open(context, kit, '#space=valley');
  await page.locator('nav button', { hasText: 'Report' }).click();
  await page.getByLabel('Place of the report').fill('47.1410, 9.5215');
  await page.locator('.kinds button', { hasText: 'Hazard' }).click();
  await page.getByLabel('In a few words').fill('Without a map');
  await page.getByRole('button', { name: 'Send report' }).click();
  await page.getByText('Your report is stored at the box.').waitFor();
  const event = (await kit.events('valley')).find(named('Without a map'));
  assert.deepEqual(event.transform.position, [9.5215, 47.141]);
  await context.close();
});
