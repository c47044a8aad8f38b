// Several reports of one hazard, folded into one: on the map once, with what each said and who said it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { assertClean, launch, mapDrawn, newContext, open, until } from './browser.mjs';
import { draft, hazard, Kit } from './kit.mjs';

let kit;
let browser;
let context;
let page;
let bridge;
let depot;
let other;
const PLACE = [9.5209, 47.141];
const TILE = { tile: 'z14/x8625/y5753' };
const SHOTS = process.env.SHOTS;

let seconds = Math.floor(Date.now() / 1000) - 600;

/** The next thing that somebody does, some seconds after the last. */
function next(members) {
  seconds += 20;
  return { timestamp: seconds, ...members };
}

/** What follows is said with another key. */
function as(name) {
  kit.keyFile = `${kit.folder}/${name}.key`;
}

function on(node, operation, members) {
  return draft(operation, next({ ...TILE, node_id: node.event_id, ...members }));
}

before(async () => {
  kit = await new Kit('Camp A').start();
  browser = await launch();
  as('anna');
  [bridge, depot] = await kit.post(
    hazard('Bridge under water', PLACE, next({ actor_id: 'user:anna' })),
    hazard('Fire depot', [9.524, 47.1425], next({ actor_id: 'user:anna', properties: { severity: 1 } })),
  );
  const [again] = await kit.post(
    hazard('Water on the bridge', [9.5211, 47.1411], next({ actor_id: 'user:anna', properties: { severity: 4, depth: 0.8 } })),
  );
  await kit.post(
    on(again, 'set_media', {
      actor_id: 'user:anna', media: { hash: `sha256:${'ab'.repeat(32)}`, type: 'image/jpeg', size: 81_000 },
    }),
    on(again, 'link_nodes', { actor_id: 'user:anna', to_node: depot.event_id, link_type: 'reported to' }),
    on(again, 'merge', { actor_id: 'user:anna', into_node: bridge.event_id }),
  );
  as('ben');
  [other] = await kit.post(
    hazard('Footbridge flooded', [9.521, 47.1409], next({ actor_id: 'user:ben', properties: { depth: 1.1 } })),
  );
  await kit.post(on(other, 'merge', { actor_id: 'user:ben', into_node: bridge.event_id }));
});

after(async () => {
  await browser?.close();
  await kit?.stop();
});

for (const size of ['phone', 'desktop']) {
  test(`three reports are one thing, on a ${size}`, async () => {
    context = await newContext(browser, size);
    // By the name of one that was merged.
    page = await open(context, kit, `#space=valley&map=15/47.141/9.521&thing=${other.event_id}`);
    await mapDrawn(page);
    await page.getByText('3 reports folded into one').waitFor();
    assert.equal(await page.locator('h3', { hasText: 'Bridge under water' }).count(), 1);
    // The phone shows what is known, and whose it is.
    await page.getByText('from Report 2').first().waitFor();
    await page.getByText('Linked to').waitFor();
    const history = page.locator('ol li');
    await until(async () => (await history.count()) === 7, 'the history of all three');
    const told = await history.allTextContents();
    assert.equal(told.filter((line) => /Reported as/.test(line)).length, 3);
    assert.equal(told.filter((line) => /Said to be the same as Report 1/.test(line)).length, 2);
    assert.ok(told.some((line) => /Footbridge flooded/.test(line) && /Report 3/.test(line) && /ben/.test(line)));
    if (SHOTS) {
      await page.waitForTimeout(1500);
      await page.screenshot({ path: `${SHOTS}/folded-${size}-1.png` });
      for (const [n, text] of [[2, 'What others say'], [3, 'Photos and files'], [4, 'Linked to'], [5, 'History']]) {
        await page.getByText(text, { exact: true }).first().evaluate((element) => element.scrollIntoView({ block: 'start' }));
        await page.waitForTimeout(300);
        await page.screenshot({ path: `${SHOTS}/folded-${size}-${n}.png` });
      }
    }
    // And back again from what it is linked to.
    await page.getByRole('button', { name: 'Fire depot' }).first().click();
    await page.locator('h3', { hasText: 'Fire depot' }).waitFor();
    await page.getByText('Linked from').waitFor();
    if (SHOTS) {
      await page.getByText('Linked from').evaluate((element) => element.scrollIntoView({ block: 'start' }));
      await page.waitForTimeout(300);
      await page.screenshot({ path: `${SHOTS}/folded-${size}-6.png` });
    }
    await page.getByRole('button', { name: 'Bridge under water' }).first().click();
    await page.locator('h3', { hasText: 'Bridge under water' }).waitFor();
    assertClean(context);
    if (size === 'phone') await context.close();
  });
}

test('taken apart again, each is a thing of its own', async () => {
  as('ben');
  await kit.post(on(other, 'merge', { actor_id: 'user:ben', into_node: `evt-${'a'.repeat(32)}` }));
  await page.getByText('2 reports folded into one').waitFor();
  assert.equal(await page.getByText('What others say').count(), 0);
  const { features } = await kit.json('/api/v1/spaces/valley/state');
  assert.deepEqual(features.map(({ properties }) => properties.title).sort(), ['Bridge under water', 'Fire depot', 'Footbridge flooded']);
  assertClean(context);
  await context.close();
});
